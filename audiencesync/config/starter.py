"""The text of a first config: every key is there, with a comment that says what it does."""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

_COMMENT_COLUMN = 50
_READERS = MappingProxyType(
    {
        ".csv": "read_csv",
        ".csv.gz": "read_csv",
        ".tsv": "read_csv",
        ".parquet": "read_parquet",
        ".json": "read_json",
        ".jsonl": "read_json",
        ".ndjson": "read_json",
    }
)
_REQUIRED = MappingProxyType(
    {
        "lead": {"LastName": "last_name", "Company": "company", "Email": "email"},
        "contact": {"LastName": "last_name", "Email": "email"},
        "case": {"Subject": "subject"},
    }
)
_EVERYONE = MappingProxyType({"everyone": "true"})


def starter(
    *,
    login_url: str = "https://login.salesforce.com",
    username: str = "integration@example.com",
    consumer_key: str = "${env:SF_CONSUMER_KEY}",
    private_key: str = "${file:./sf_private_key.pem}",
    ca_bundle: str | None = None,
    store: str = "./audiences.duckdb",
    attach: str | None = None,
    profiles: str = "data/profiles.csv",
    key: str = "user_id",
    updated_at: str | None = None,
    memberships: str | None = None,
    membership_key: str | None = None,
    membership_audience: str = "audience",
    audience_rules: Mapping[str, str] = _EVERYONE,
    membership_audiences: Sequence[str] = (),
    sync: str | None = None,
    object_name: str = "Lead",
    match_field: str | None = "Email",
    send_audiences_to: str | None = "Audiences__c",
    required_fields: Mapping[str, str] | None = None,
) -> str:
    """Write a config that `load` reads as it is.

    Args:
        login_url: Where to log in.
        username: The Salesforce user.
        consumer_key: A reference to the app's consumer key.
        private_key: A reference to the private key.
        ca_bundle: PEM file of a private CA.
        store: The store's file.
        attach: A database to read from.
        profiles: A CSV, Parquet or JSON file (or pattern), a table or a SELECT.
        key: The profiles' key column.
        updated_at: The column that says when a profile changed.
        memberships: Like `profiles`; None when there are rules alone.
        membership_key: The key column there; by default `key`.
        membership_audience: The column with the audience's name.
        audience_rules: Audience -> SQL condition.
        membership_audiences: Audiences of the memberships that are sent too.
        sync: The sync's name; by default made from the object's.
        object_name: API name of the Salesforce object.
        match_field: The Salesforce field that identifies a record; None to create one each.
        send_audiences_to: The field that takes the audiences' names.
        required_fields: Salesforce field -> column; by default what the object usually requires.

    Returns:
        YAML text.
    """
    mapped = dict(_required(object_name) if required_fields is None else required_fields)
    if match_field is not None and match_field.casefold() not in {name.casefold() for name in mapped}:
        mapped[match_field] = _column(match_field)
    lines = [
        *_head(store),
        *_connection(login_url, username, consumer_key, private_key, ca_bundle),
        *_source(attach, profiles, key, updated_at),
        *_memberships(memberships, membership_key or key, membership_audience),
        *_affinities(key),
        *_rules(audience_rules),
        ("syncs:", "which audiences go where; one or more"),
        (f"  - name: {_text(sync or _sync_name(object_name))}", "on the command line and in the store"),
        (f"    object: {_text(object_name)}", "API name of the Salesforce object"),
        (
            f"    match_field: {'null' if match_field is None else _text(match_field)}",
            "identifies a record; null: each new member becomes a new record, exactly once",
        ),
        ("    mode: upsert", "or update_only, which creates nothing, or create_only, which updates nothing"),
        ("    on_multiple: reject", "several records with one match value; or oldest, newest, all"),
        ("    # try_first: {object: Contact, omit: [Company]}", "who has a record there is updated there"),
        (
            f"    audiences: {_list([*audience_rules, *membership_audiences])}",
            "rules, or names in memberships",
        ),
        _optional(
            "    send_audiences_to", send_audiences_to, "Audiences__c", "long text that takes their names"
        ),
        *_SYNC_TARGETS,
        ("    required_fields:", "every field that Salesforce requires on create: field <- column"),
        *((f"      {_text(name)}: {_right_side(name, column)}", "") for name, column in mapped.items()),
        *_SYNC_REST,
    ]
    return "\n".join(_line(text, comment) for text, comment in lines) + "\n"


def relation_of(source: str) -> str:
    """A file as the table function that reads it; anything else is a relation already."""
    for ending, reader in _READERS.items():
        if source.lower().endswith(ending):
            quoted = source.replace("'", "''")
            return f"{reader}('{quoted}')"
    return source


_Lines = Iterator[tuple[str, str]]


def _head(store: str) -> _Lines:
    yield "# Audiences from your data to Salesforce.", ""
    yield "# `audiencesync plan` shows what a run would do. Secrets never stand here: ${env:NAME} or", ""
    yield "# ${file:PATH} in their place. A relative file name starts from the folder of this file.", ""
    yield "version: 1", "of this format"
    yield "", ""
    yield f"store: {_text(store)}", "state and ledger; made on first use"
    yield (
        "# store: {path: ./audiences.duckdb, memory_limit: 4GB, threads: 2, keep_ledger: 400d}",
        "with limits",
    )
    yield "engine: duckdb", 'where the diff runs; or {spark: "sc://host:15002"}'
    yield "", ""


def _connection(
    login_url: str, username: str, consumer_key: str, private_key: str, ca_bundle: str | None
) -> _Lines:
    yield "connection:", "the org, how to log in, and how much of its API may be used"
    yield f"  login_url: {_text(login_url)}", "https://test.salesforce.com for a sandbox, or My Domain"
    yield "  auth:", "a key pair instead of a password"
    yield "    method: jwt_bearer", "or refresh_token, client_credentials, access_token, password"
    yield f"    consumer_key: {_text(consumer_key)}", "of the connected app or external client app"
    yield f"    username: {_text(username)}", "the user that the app acts as"
    yield f"    private_key: {_text(private_key)}", "PEM file of the app's RSA private key"
    yield "    audience: null", "the JWT's aud; null: the production or sandbox host"
    yield "    # refresh_token: ${env:SF_REFRESH_TOKEN}", "for method refresh_token"
    yield "    # client_secret: ${env:SF_CLIENT_SECRET}", "for refresh_token, client_credentials, password"
    yield "    # access_token: ${env:SF_ACCESS_TOKEN}", "for method access_token,"
    yield "    # instance_url: https://example.my.salesforce.com", "with the org that the token is for"
    yield "    # password: ${env:SF_PASSWORD}", "for method password, with the security token appended"
    yield '  api_version: "66.0"', "Salesforce API version"
    yield f"  ca_bundle: {'null' if ca_bundle is None else _text(ca_bundle)}", "PEM file of a private CA"
    yield "  max_daily_api_calls: 20000", "this project's own cap in any 24 hours; null for none"
    yield "  reserve_org_api_calls: 0.1", "share of the org's daily limit never touched, 0 to 1"
    yield "", ""


def _source(attach: str | None, profiles: str, key: str, updated_at: str | None) -> _Lines:
    yield "source:", "where profiles, memberships and affinities are read"
    yield (
        f"  attach: {'null' if attach is None else _text(attach)}",
        "DuckDB or SQLite file, or postgres://user:${env:PGPASSWORD}@host/database",
    )
    yield "  profiles:", "whole: a row that is gone has exited"
    yield f"    from: {_text(relation_of(profiles))}", "table, view, table function or SELECT"
    yield f"    # columns: {{{_text(key)}: VARCHAR, email: VARCHAR}}", "in place of `from`: pushed alone"
    yield f"    key: {_text(key)}", "column: never null, never repeated"
    yield _optional("    updated_at", updated_at, "updated_at", "column; a run then reads what changed")


def _memberships(memberships: str | None, key: str, audience: str) -> _Lines:
    mark = "  # " if memberships is None else "  "
    relation = relation_of(memberships or "data/memberships.csv")
    yield f"{mark}memberships:", "who is in which audience; rules alone need none"
    yield f"{mark}  from: {_text(relation)}", "table, view, table function or SELECT"
    yield f"{mark}  key: {_text(key)}", "column with the profile's key"
    yield f"{mark}  audience: {_text(audience)}", "column with the audience's name"
    yield "  #   active: is_member", "boolean column; rows where it is not true are none"
    yield "  #   updated_at: updated_at", "column; a row that ends must then stay, with active false"


def _affinities(key: str) -> _Lines:
    yield "  # affinities:", "one row a profile and liking, for send_affinities_to"
    yield "  #   categories:", "the column that it becomes"
    yield "  #     from: read_csv('data/likes.csv')", "table, view, table function or SELECT"
    yield f"  #     key: {_text(key)}", "column with the profile's key"
    yield "  #     affinity: category", "column that names what is liked"
    yield "  #     weight: purchases", "column that says how much"
    yield "", ""


def _rules(rules: Mapping[str, str]) -> _Lines:
    yield f"audiences:{'' if rules else ' {}'}", "by rule; other names come from memberships"
    for name, condition in rules.items():
        yield f"  {_text(name)}:", ""
        yield f"    where: {_text(condition, plain=False)}", "SQL condition over profile columns"
    yield "", ""


_SYNC_TARGETS = (
    ("    # send_scores_to:", "scores as one text field"),
    ("    #   field: Scores__c", "long text"),
    ("    #   scores: [recency, frequency]", "numeric columns"),
    ("    # send_affinities_to:", "the strongest affinities as one text field"),
    ("    #   field: Affinities__c", "long text"),
    ("    #   from: categories", "map, struct or JSON column, or a name below affinities"),
    ("    #   top: 3", "how many: by weight, ties by name"),
)

_SYNC_REST = (
    ("    # extra_fields:", "further fields; the right side may also be:"),
    ('    #   FullName__c: {sql: "first_name || last_name"}', "an SQL expression over profile columns"),
    ("    #   LeadSource: {value: Web}", "a constant"),
    ("    #   Phone: {from: phone, on_null: skip}", "a null clears the field, or is skipped"),
    ('    #   City: {from: city, default: "n/a"}', "a null becomes the default"),
    ("    # trigger_fields: [phone]", "columns whose change re-sends a member (75 at most);"),
    ("", "omitted: every mapped column, score and affinity"),
    ("    on_exit: clear_audiences", "or clear_all, keep, delete: the last audience is left"),
    ("    on_too_long: reject", "or truncate: a text longer than its field"),
    ("    duplicate_rule: respect", "or allow_save: the org's duplicate rules"),
    ("    assignment_rule: false", "true runs the org's assignment rule on Lead and Case"),
    ("    prefer: few_calls", "or speed: up to 10,000 rows by requests that are answered at once"),
    ("    max_daily_api_calls: null", "cap of this sync in any 24 hours; null for none"),
    ("    priority: 0", "syncs of a higher number run first, and have the API budget first"),
    ("    guards:", "refuse a run that would change too much"),
    ("      max_exit_ratio: 0.3", "share of the members that may exit at once, 0 to 1"),
    ("      max_clears: 10000", "field values that may be cleared at once"),
    ("      max_creates: 10000", "new members that may enter at once, after the backfill"),
    ("      max_mapping_change_ratio: 0.3", "share of the members that a changed mapping may touch, 0 to 1"),
    ("    # every: 15m", "`audiencesync daemon` runs it this often: 90s, 15m, 6h, 1d"),
    ('    # cron: "0 6 * * 1-5"', "or at these times: minute, hour, day, month, weekday"),
    ("    # timezone: Europe/Prague", "of cron; daylight saving is followed"),
    ("    # jitter: 5m", "each time is put off by a random part of this"),
    ("    watch: false", "true: when the source has changed"),
    ("    push: true", "when a change comes by daemon.intake; false: not then"),
    ("", ""),
    ("daemon:", "how `audiencesync daemon` is run"),
    ("  host: 127.0.0.1", "address of its page, health checks and metrics"),
    ("  port: 8632", "their port; 0 for a free one, null for none of them"),
    ("  stop_within: 20s", "how long SIGTERM lets a run in flight go on"),
    ("  # alerts:", "who is told when a sync fails, and when it is well again"),
    ("  #   - url: ${env:ALERT_URL}", "slack://, mailto://, json:// and so on"),
    ("  # intake:", "take profiles and memberships that are pushed by HTTP"),
    ("  #   token: ${env:INTAKE_TOKEN}", "what senders prove themselves with"),
    ("  #   max_delay: 200ms", "how long a change may wait for others to travel with"),
    ("  #   max_rows: 1000", "so many that wait start a run at once"),
    ("  #   max_body: 1MB", "largest body of a request"),
    ("  #   segment:", "take what Segment's libraries send, at /v1/"),
    ("  #     opt_in: false", "true: only messages that name Salesforce in `integrations`"),
    ("  #     track: {}", "audience that an event's user enters: {Order Completed: buyers}"),
    ("  #     page: {}", "the same of a page's name: {Pricing: saw_pricing}"),
)


def _optional(key: str, value: str | None, example: str, comment: str) -> tuple[str, str]:
    if value is None:
        indent = key[: len(key) - len(key.lstrip())]
        return f"{indent}# {key.lstrip()}: {example}", comment
    return f"{key}: {_text(value)}", comment


def _line(text: str, comment: str) -> str:
    if not comment:
        return text
    return f"{text:<{_COMMENT_COLUMN - 1}} # {comment}"


def _right_side(field: str, column: str) -> str:
    if field.casefold() == "company":
        return f'{{from: {_text(column, plain=bool(_WORD.fullmatch(column)))}, default: "n/a"}}'
    return _text(column)


def _required(object_name: str) -> Mapping[str, str]:
    return _REQUIRED.get(object_name.casefold(), {"Name": "name"})


def _column(field: str) -> str:
    """The column that a field's values are likely to be in: `External_Id__c` <- `external_id`."""
    if field.casefold() == "id":
        return "salesforce_id"
    bare = re.sub(r"__[a-z]+$", "", field)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", bare).lower()


def _sync_name(object_name: str) -> str:
    bare = re.sub(r"\W+", "_", re.sub(r"__[a-z]+$", "", object_name)).strip("_").lower()
    return f"{bare}s" if bare[:1].isalpha() else f"sync_{bare}"


_PLAIN = re.compile(
    r"[A-Za-z./][A-Za-z0-9_./@-]*(?:://[A-Za-z0-9_.:/@-]+)?"  # a word, a path, a URL
    r"|[a-z_]+\('[A-Za-z0-9_./*-]+'\)"  # read_csv('a.csv')
    r"|\$\{(?:env:[A-Za-z0-9_]+|file:[A-Za-z0-9_./~-]+)\}"
)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"[.0-9eE-]+")  # .5 begins like a file name
_YAML_WORDS = frozenset({"null", "true", "false"})


def _text(value: str, *, plain: bool = True) -> str:
    """A YAML scalar that reads back as this text."""
    reads_back = _PLAIN.fullmatch(value) and not value.endswith(":") and value.lower() not in _YAML_WORDS
    if plain and reads_back and not _NUMBER.fullmatch(value):
        return value
    return f'"{"".join(_escaped(char) for char in value)}"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return char if char.isprintable() else f"\\U{ord(char):08x}"


def _list(values: Sequence[str]) -> str:
    """In brackets, where only a word needs no quotes."""
    return f"[{', '.join(_text(value, plain=bool(_WORD.fullmatch(value))) for value in values)}]"
