"""`${env:NAME}` and `${file:PATH}`: how a config names what it must not hold."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from audiencesync.config.mistakes import KeyPath, Mistake
from audiencesync.errors import ConfigError

_VARIABLE = r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}"
REFERENCE = re.compile(rf"{_VARIABLE}|\$\{{file:((?:{_VARIABLE}|[^{{}}])+)\}}")
"""A variable (group 1), or a file (group 2) whose name may hold variables."""

_NOT_A_REFERENCE = "'${' begins a reference: write ${env:NAME} (letters, digits and _) or ${file:PATH}"
_REVEALED = "\0"  # stands for a reference while the text around it is looked at

_OPEN_KEYS = frozenset({"method", "username", "audience", "instance_url"})
"""Keys below `connection.auth` that are no secret; a misspelt one is taken for a secret."""

_OPEN_INTAKE_KEYS = frozenset({"max_delay", "max_rows", "max_body", "segment"})
_OF_INTAKE = 3
"""The same below `daemon.intake`, and how many keys lead there."""


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A value that stays unread until someone connects.

    Printing it shows the reference, never what it stands for.

    Attributes:
        reference: As written: `${env:NAME}`, `${file:PATH}`, or text around such references.
        key: The key path, for messages.
        place: `FILE:LINE` of that key, when it came from a file.
    """

    reference: str
    key: str = ""
    place: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.reference

    def __repr__(self) -> str:
        return f"SecretRef({self.reference!r})"

    def reveal(self, base_dir: Path, environ: Mapping[str, str] | None = None) -> str:
        """Read the secret.

        Args:
            base_dir: What a relative `${file:PATH}` starts from: the folder of the config.
            environ: The environment; by default the process's own.

        Returns:
            The text, without line breaks around what a variable or file holds.

        Raises:
            ConfigError: A variable is not set, a file cannot be read, or either is empty.
        """
        env = os.environ if environ is None else environ

        def read(match: re.Match[str]) -> str:
            if match[1]:
                return self._from_environment(match[1], env)
            name = re.sub(_VARIABLE, lambda part: self._from_environment(part[1], env), match[2])
            return self._from_file(name, base_dir)

        return REFERENCE.sub(read, self.reference)

    def _from_environment(self, name: str, environ: Mapping[str, str]) -> str:
        value = environ.get(name, "").strip("\r\n")
        if not value.strip():
            state = "is empty" if name in environ else "is not set"
            raise self._unreadable(
                f"the environment variable {name} {state}", f"set {name} and run the command again"
            )
        return value

    def _from_file(self, name: str, base_dir: Path) -> str:
        path = base_dir / name
        advice = "write the secret to that file, readable by you alone, or name another one"
        try:
            path = base_dir / Path(name).expanduser()
            value = path.read_text(encoding="utf-8").strip("\r\n")
        except UnicodeDecodeError:
            raise self._unreadable(f"{path} is not a text file (UTF-8)", advice) from None
        except (OSError, ValueError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or "not a file name"
            raise self._unreadable(f"{path} cannot be read: {reason}", advice) from None
        if not value.strip():
            raise self._unreadable(f"{path} is empty", advice)
        return value

    def _unreadable(self, what: str, hint: str) -> ConfigError:
        where = ": ".join(part for part in (self.place, self.key or "secret") if part)
        return ConfigError(f"{where}: {what}", hint=hint)


def resolve(
    data: object, environ: Mapping[str, str]
) -> tuple[object, tuple[Mistake, ...], frozenset[KeyPath]]:
    """Put environment variables into every text that is not a secret.

    Args:
        data: The values of a config file; not changed.
        environ: Where variables are looked up.

    Returns:
        The values with their references replaced, what was wrong, and the key paths that held a
        reference, so that no message repeats what came from the environment.
    """
    mistakes: list[Mistake] = []
    touched: set[KeyPath] = set()

    def visit(value: object, keys: KeyPath) -> object:
        if isinstance(value, dict):
            return {key: visit(item, (*keys, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [visit(item, (*keys, position)) for position, item in enumerate(value)]
        if not isinstance(value, str) or is_secret(keys) or "${" not in value:
            return value
        wrong = list(_wrong_references(value, environ))
        mistakes.extend(Mistake(keys, what) for what in wrong)
        if wrong or REFERENCE.search(value):
            touched.add(keys)
        return value if wrong else REFERENCE.sub(lambda match: environ[match[1]], value)

    return visit(data, ()), tuple(mistakes), frozenset(touched)


def is_secret(keys: KeyPath) -> bool:
    """Whether the value at this key path is a secret, or may be one under a misspelt key."""
    if keys in {("source", "attach"), ("engine", "spark")}:
        return True
    if keys[:2] == ("daemon", "alerts"):
        return True
    if keys[:2] == ("daemon", "intake") and len(keys) == _OF_INTAKE:
        return keys[-1] not in _OPEN_INTAKE_KEYS
    return keys[:2] == ("connection", "auth") and keys[-1] not in _OPEN_KEYS


def _wrong_references(text: str, environ: Mapping[str, str]) -> Iterator[str]:
    if "${" in REFERENCE.sub("", text):
        yield _NOT_A_REFERENCE
    for match in REFERENCE.finditer(text):
        if match[2]:
            yield "${file:...} is for secrets alone; only ${env:NAME} may stand here"
        elif match[1] not in environ:
            yield f"the environment variable {match[1]} is not set"


def check_secret(text: str, key: str) -> str | None:
    """What is wrong with a secret's text, or None: it must be one reference and nothing else."""
    if REFERENCE.fullmatch(text):
        return None
    if text.startswith("${") and text.endswith("}"):
        return _NOT_A_REFERENCE
    return f"a secret must not stand in the file; write {key}: ${{env:NAME}} or {key}: ${{file:PATH}}"


def check_attach(text: str) -> str | None:
    """What is wrong with a database to attach, or None: its password must be a reference."""
    bare = REFERENCE.sub(_REVEALED, text)
    if "${" in bare:
        return _NOT_A_REFERENCE
    # An unescaped '/' or '@' in a password is wrong, but no reason to print it.
    user_info = re.search(r"://([^\s'\"]*)@", bare)
    password = user_info[1].partition(":")[2] if user_info else ""
    if password.strip(_REVEALED) or re.search(rf"(?i)password\s*=\s*[^\s&'\"{_REVEALED}]", bare):
        return (
            "a password must not stand in the file; write "
            "postgres://user:${env:PGPASSWORD}@host/database, or the whole URL as ${env:NAME}"
        )
    return None


def check_spark(text: str) -> str | None:
    """What is wrong with a Spark Connect URL, or None: a token in it must be a reference."""
    bare = REFERENCE.sub(_REVEALED, text)
    if "${" in bare:
        return _NOT_A_REFERENCE
    if not re.match(rf"sc://[^/\s]|{_REVEALED}", bare):
        return "must be a URL of Spark Connect such as sc://host:15002"
    if "@" in bare or re.search(rf"(?i)(token|password|secret)\s*=\s*[^\s;{_REVEALED}]", bare):
        return (
            "a token must not stand in the file; write sc://host:15002/;token=${env:SPARK_TOKEN}, "
            "or the whole URL as ${env:NAME}"
        )
    return None


def check_relation(text: str) -> str | None:
    """What is wrong with a relation, or None: it is shown in errors, so no URL in it may hold a password."""
    if re.search(r"://[^\s'\"/@:]*:[^\s'\"/@]+@", text):
        return "a URL with a password; give the database in source.attach, where it is never shown"
    return None
