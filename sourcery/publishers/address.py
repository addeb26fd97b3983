"""The URL of a broker, taken apart and checked; what is shown of it has no password."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from attrs import field, frozen

from sourcery.errors import PublisherMisconfigured

#: What makes the value of an option out of its text; raises ValueError.
Converters = Mapping[str, Callable[[str], Any]]

_YES: Final = {"true", "yes", "1"}
_NO: Final = {"false", "no", "0"}
_A_URL: Final = "a publisher's URL"
_ESCAPE: Final = "write / and @ in a password, and @ in a path, as %2F and %40"


@frozen(kw_only=True)
class Address:
    """Where a broker is, and who asks."""

    scheme: str
    #: One, or several with commas where the broker is a cluster.
    hosts: tuple[tuple[str, int], ...]
    username: str | None
    password: str | None = field(repr=False)
    #: Without its first slash, percent-decoded.
    path: str

    @property
    def host(self) -> str:
        """The first."""
        return self.hosts[0][0]

    @property
    def port(self) -> int:
        """Of the first."""
        return self.hosts[0][1]

    @property
    def servers(self) -> tuple[str, ...]:
        """Each as host and port."""
        return tuple(f"{_bracketed(host)}:{port}" for host, port in self.hosts)

    def __str__(self) -> str:
        return f"{self.scheme}://{','.join(self.servers)}"

    def scrubbed(self, error: BaseException) -> str:
        """The class and text of a driver's error, without the password."""
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return text.replace(self.password, "***") if self.password else text


def parse(url: str, ports: Mapping[str, int]) -> Address:
    """Take a URL without options apart; `ports` has the default port of each known scheme.

    Raises `PublisherMisconfigured`.
    """
    parts, shown = _split(url)
    if parts.scheme not in ports:
        raise PublisherMisconfigured(shown, f"its scheme must be one of {', '.join(ports)}")
    if parts.query or parts.fragment:
        raise PublisherMisconfigured(shown, "options are arguments here; publisher_for reads URLs")
    if "@" in parts.path:
        raise PublisherMisconfigured(shown, _ESCAPE)
    user, _, hosts = parts.netloc.rpartition("@")
    name, has_password, password = user.partition(":")
    return Address(
        scheme=parts.scheme,
        hosts=tuple(_host(shown, one, ports[parts.scheme]) for one in hosts.split(",")),
        username=unquote(name) if name else None,
        password=unquote(password) if has_password else None,
        path=unquote(parts.path.removeprefix("/")),
    )


def options(url: str, converters: Converters) -> tuple[str, dict[str, Any]]:
    """The URL without its query, and the query as arguments.

    Raises `PublisherMisconfigured` for an option that is unknown, given twice or has no such value.
    """
    parts, shown = _split(url)
    found: dict[str, Any] = {}
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        if name not in converters or name in found:
            known = ", ".join(sorted(converters)) or "none"
            raise PublisherMisconfigured(shown, f"no option {name!a} once; its options: {known}")
        found[name] = _converted(shown, name, text, converters[name])
    return parts._replace(query="").geturl(), found


def seconds(text: str) -> float:
    """The value of an option that is a duration."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError("more than none, and not for ever")
    return value


def positive(text: str) -> int:
    """The value of an option that counts something."""
    value = int(text)
    if value <= 0:
        raise ValueError("at least one")
    return value


def flag(text: str) -> bool:
    """The value of a yes-or-no option."""
    if text.lower() not in _YES | _NO:
        raise ValueError("yes or no")
    return text.lower() in _YES


def scheme_of(url: object) -> str:
    """The scheme; `PublisherMisconfigured` for what is no URL."""
    if not isinstance(url, str):
        raise PublisherMisconfigured(_A_URL, f"is a str, not {type(url).__name__}")
    return _split(url)[0].scheme


def _split(url: str) -> tuple[SplitResult, str]:
    """The parts, and what may be shown: neither user, password nor options."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise PublisherMisconfigured(_A_URL, "is not well formed") from None
    if not parts.scheme:
        problem = "begins with a scheme and names the broker, as kafka://host:9092"
        raise PublisherMisconfigured(_A_URL, problem)
    hosts = parts.netloc.rpartition("@")[2]
    # A slash that a password holds unescaped ends what is taken for the host.
    return parts, f"{parts.scheme}://{'...' if '@' in parts.path else hosts}"


def _converted(shown: str, name: str, text: str, converter: Callable[[str], Any]) -> Any:
    try:
        return converter(text)
    except ValueError:
        raise PublisherMisconfigured(
            shown, f"the value of option {name!a} is none it has"
        ) from None


def _host(shown: str, text: str, default: int) -> tuple[str, int]:
    try:
        one = urlsplit(f"//{text}")
        host, port = one.hostname, one.port
    except ValueError:
        host = port = None
    if not host:
        scheme = shown.partition("://")[0]
        raise PublisherMisconfigured(scheme, "its URL has no valid host and port; " + _ESCAPE)
    return host, port or default


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
