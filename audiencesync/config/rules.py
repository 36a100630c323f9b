"""What must hold between the keys of a config.

The rules look at plain values and pass over what has the wrong shape, so that they can speak beside
pydantic's checks and every mistake is reported at once.
"""

from collections.abc import Iterator, Mapping

from audiencesync.config.mistakes import KeyPath, Mistake, did_you_mean
from audiencesync.config.sync import MAX_TRIGGER_FIELDS, Sync

_ROOT_KEYS = frozenset({"version", "store", "engine", "connection", "source", "audiences", "syncs", "daemon"})
_SOURCE_KEYS = frozenset({"attach", "profiles", "memberships", "affinities"})
_SYNC_KEYS = frozenset(Sync.model_fields)


def broken_rules(data: object) -> list[Mistake]:
    """Every rule that the values break."""
    root = _mapping(data)
    rule_names = _audiences_defined(root)
    mistakes: list[Mistake] = []
    names: dict[str, int] = {}
    mistakes.extend(_engine_mistakes(root))
    mistakes.extend(_intake_mistakes(root))
    syncs = root.get("syncs")
    for position, value in enumerate(syncs if isinstance(syncs, list) else ()):
        sync = _mapping(value)
        keys: KeyPath = ("syncs", position)
        name = sync.get("name")
        if isinstance(name, str):
            if name in names:
                mistakes.append(
                    Mistake((*keys, "name"), f"'{name}' is the name of syncs.{names[name]} already")
                )
            names.setdefault(name, position)
        mistakes.extend(_audience_mistakes(sync, keys, rule_names))
        mistakes.extend(_field_mistakes(sync, keys))
        mistakes.extend(_trigger_mistakes(sync, keys))
        mistakes.extend(_time_mistakes(sync, keys))
    return mistakes


def _engine_mistakes(root: Mapping[str, object]) -> Iterator[Mistake]:
    """What only DuckDB can read, beside an engine that is not DuckDB."""
    if not _mapping(root.get("engine")):
        return
    source = _mapping(root.get("source"))
    if source.get("attach") is not None:
        yield Mistake(
            ("source", "attach"), "Spark reads the source itself; name its tables and files in `from`"
        )
    if source.get("affinities"):
        yield Mistake(
            ("source", "affinities"), "is not read through Spark yet; give the profiles a MAP column instead"
        )


def _intake_mistakes(root: Mapping[str, object]) -> Iterator[Mistake]:
    """What is pushed, and those who would have to take it."""
    here: KeyPath = ("daemon", "intake")
    daemon = _mapping(root.get("daemon"))
    intake = _mapping(daemon.get("intake"))
    yield from _pushed_column_mistakes(root, has_intake=bool(intake))
    if not intake:
        return
    if _mapping(root.get("engine")):
        yield Mistake(here, "is not laid over what Spark reads yet; use engine: duckdb")
    if "port" in daemon and daemon["port"] is None:
        yield Mistake(("daemon", "port"), "is where daemon.intake listens; give it a port")
    rules = _mapping(root.get("audiences"))
    sent = {name for sync in _mappings(root.get("syncs")) for _, name in _texts(sync.get("audiences"))}
    for group in ("track", "page"):
        for event, audience in _mapping(_mapping(intake.get("segment")).get(group)).items():
            place = (*here, "segment", group, event)
            if audience in rules:
                yield Mistake(place, f"'{audience}' is a rule, which alone says who is in it")
            elif isinstance(audience, str) and audience not in sent:
                yield Mistake(place, f"no sync has the audience '{audience}'{did_you_mean(audience, sent)}")


def _pushed_column_mistakes(root: Mapping[str, object], *, has_intake: bool) -> Iterator[Mistake]:
    source = _mapping(root.get("source"))
    profiles = _mapping(source.get("profiles"))
    columns = _mapping(profiles.get("columns"))
    if not columns:
        return
    here: KeyPath = ("source", "profiles")
    if not has_intake:
        yield Mistake((*here, "columns"), "are of profiles that are pushed; add daemon.intake, or use 'from'")
    names = [name.casefold() for name in columns if isinstance(name, str)]
    yield from _repeated(list(columns), (*here, "columns"))
    key = profiles.get("key")
    if isinstance(key, str) and key.casefold() not in names:
        yield Mistake((*here, "key"), f"'{key}' is not one of the columns{did_you_mean(key, names)}")
    if profiles.get("updated_at") is not None:
        yield Mistake((*here, "updated_at"), "has no meaning beside 'columns': nothing is read")
    if source.get("memberships") is None and not source.get("affinities"):
        for position, sync in enumerate(_mappings(root.get("syncs"))):
            if sync.get("watch") is True:
                yield Mistake(
                    ("syncs", position, "watch"), "there is nothing to look at: the profiles are pushed"
                )


def _time_mistakes(sync: Mapping[str, object], keys: KeyPath) -> Iterator[Mistake]:
    """What says when, beside nothing that it is about."""
    if sync.get("timezone") is not None and sync.get("cron") is None:
        yield Mistake((*keys, "timezone"), "is the time zone of cron, which is not there")
    if sync.get("jitter") is not None and sync.get("cron") is None and sync.get("every") is None:
        yield Mistake((*keys, "jitter"), "is about the times of every and cron, and neither is there")


def mapped_columns(sync: Mapping[str, object]) -> Iterator[str]:
    """What triggers when `trigger_fields` is omitted: each mapped column or SQL, score, affinity."""
    for group in ("required_fields", "extra_fields"):
        for mapping in _mapping(sync.get(group)).values():
            sides = [mapping, _mapping(mapping).get("from"), _mapping(mapping).get("sql")]
            yield from (side for side in sides if isinstance(side, str))
    yield from (name for _, name in _texts(_mapping(sync.get("send_scores_to")).get("scores")))
    affinity = _mapping(sync.get("send_affinities_to")).get("from")
    if isinstance(affinity, str):
        yield affinity


def _audiences_defined(root: Mapping[str, object]) -> tuple[str, ...] | None:
    """The rules, when they are the only audiences there can be."""
    source = _mapping(root.get("source"))
    if not source or source.get("memberships") is not None:
        return None
    if _mapping(root.get("daemon")).get("intake") is not None:
        return None  # an audience may be pushed
    if not (_ROOT_KEYS.issuperset(root) and _SOURCE_KEYS.issuperset(source)):
        return None  # a misspelt key is reported; what it hides is not
    return tuple(_mapping(root.get("audiences")))


def _audience_mistakes(
    sync: Mapping[str, object], keys: KeyPath, defined: tuple[str, ...] | None
) -> Iterator[Mistake]:
    seen: set[str] = set()
    for position, name in _texts(sync.get("audiences")):
        here = (*keys, "audiences", position)
        if name in seen:
            yield Mistake(here, f"'{name}' is named twice")
        elif defined is not None and name not in defined:
            yield Mistake(
                here,
                f"'{name}' is an audience nobody defines: there is no rule of that name, "
                f"and source.memberships is not set{did_you_mean(name, defined)}",
            )
        seen.add(name)


def _field_mistakes(sync: Mapping[str, object], keys: KeyPath) -> Iterator[Mistake]:
    places: dict[str, KeyPath] = {}
    mapped: list[str] = []
    for here, name in _fields(sync):
        first = places.setdefault(name.casefold(), here)
        if first != here:
            what = ".".join(str(key) for key in first)
            yield Mistake((*keys, *here), f"the Salesforce field {name} is set by {what} already")
        if here[0] in {"required_fields", "extra_fields"}:
            mapped.append(name)
    if not _SYNC_KEYS.issuperset(sync):
        return
    yield from _match_mistakes(sync, keys, mapped)
    if sync.get("match_field") is None and sync and not places:
        yield Mistake(keys, "nothing is sent: neither required_fields, extra_fields nor send_..._to is set")


def _match_mistakes(sync: Mapping[str, object], keys: KeyPath, mapped: list[str]) -> Iterator[Mistake]:
    given = sync.get("match_field")
    fields: list[tuple[KeyPath, str]] = [(("match_field",), given)] if isinstance(given, str) else []
    fields += [(("match_field", position), name) for position, name in _texts(given)]
    known = {name.casefold() for name in mapped}
    for here, name in fields:
        if name.casefold() not in known:
            yield Mistake(
                (*keys, *here),
                f"the match field '{name}' is not mapped; add it to required_fields or extra_fields"
                + did_you_mean(name, mapped),
            )
    yield from _repeated(given, (*keys, "match_field"))
    yield from _look_up_mistakes(sync, keys, given)
    yield from _first_mistakes(sync, keys)


def _look_up_mistakes(sync: Mapping[str, object], keys: KeyPath, given: object) -> Iterator[Mistake]:
    """Keys that say what a look-up does, where there is none."""
    by_id = isinstance(given, str) and given.casefold() == "id"
    used = {
        "mode": sync.get("mode") == ("create_only" if by_id else "update_only"),
        "on_multiple": sync.get("on_multiple") not in {None, "reject"},
        "try_first": bool(_mapping(sync.get("try_first"))),
    }
    for key in (key for key, is_used in used.items() if is_used):
        if by_id:
            yield Mistake((*keys, key), f"{key} has no meaning for match_field: Id, which names one record")
        elif given is None:
            yield Mistake((*keys, key), f"{key} needs a match_field: without one no record can be found")


def _first_mistakes(sync: Mapping[str, object], keys: KeyPath) -> Iterator[Mistake]:
    first = _mapping(sync.get("try_first"))
    if not first:
        return
    if first.get("object") == sync.get("object"):
        yield Mistake((*keys, "try_first", "object"), "is the sync's own object")
    if sync.get("on_exit") == "delete":
        yield Mistake((*keys, "on_exit"), "delete would delete records of try_first, too; clear instead")
    if sync.get("mode") == "create_only":
        yield Mistake((*keys, "mode"), "create_only never updates, and try_first does nothing else")
    sent = [name for _, name in _fields(sync)]
    for position, name in _texts(first.get("omit")):
        if name.casefold() not in {each.casefold() for each in sent}:
            yield Mistake(
                (*keys, "try_first", "omit", position), f"'{name}' is not mapped{did_you_mean(name, sent)}"
            )


def _fields(sync: Mapping[str, object]) -> Iterator[tuple[KeyPath, str]]:
    """Every Salesforce field that a sync sets, in the order people read."""
    for group in ("required_fields", "extra_fields"):
        for name in _mapping(sync.get(group)):
            yield (group, name), name
    target = sync.get("send_audiences_to")
    if isinstance(target, str):
        yield ("send_audiences_to",), target
    for group in ("send_scores_to", "send_affinities_to"):
        target = _mapping(sync.get(group)).get("field")
        if isinstance(target, str):
            yield (group, "field"), target


def _trigger_mistakes(sync: Mapping[str, object], keys: KeyPath) -> Iterator[Mistake]:
    here = (*keys, "trigger_fields")
    scores = _mapping(sync.get("send_scores_to")).get("scores")
    yield from _repeated(scores, (*keys, "send_scores_to", "scores"))
    triggers = sync.get("trigger_fields")
    if triggers is None:
        default = {name.casefold() for name in mapped_columns(sync)}
        if len(default) > MAX_TRIGGER_FIELDS:
            yield Mistake(
                here,
                f"{len(default)} trigger fields, at most {MAX_TRIGGER_FIELDS} are allowed: "
                "every mapped column is one when trigger_fields is omitted, so name those that matter",
            )
        return
    yield from _repeated(triggers, here)
    if isinstance(triggers, list) and len(triggers) > MAX_TRIGGER_FIELDS:
        yield Mistake(here, f"{len(triggers)} trigger fields, at most {MAX_TRIGGER_FIELDS} are allowed")


def _repeated(columns: object, keys: KeyPath) -> Iterator[Mistake]:
    seen: set[str] = set()
    for position, name in _texts(columns):
        if name.casefold() in seen:
            yield Mistake((*keys, position), f"'{name}' is named twice")
        seen.add(name.casefold())


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: object) -> list[Mapping[str, object]]:
    return [_mapping(item) for item in value] if isinstance(value, list) else []


def _texts(value: object) -> Iterator[tuple[int, str]]:
    for position, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, str):
            yield position, item
