"""LANGUAGES: the languages of the pages; texts in `<code>.po`, names of registries' entries in `names`."""

from babel import negotiate_locale
from babel.core import parse_locale

from analytics.pages.words.language import Language

__all__ = ["DEFAULT", "LANGUAGES", "Language", "choose"]

LANGUAGES: dict[str, Language] = {
    language.code: language for language in (Language("id", "Bahasa Indonesia"), Language("en", "English"))
}
DEFAULT = "id"


def choose(*wishes: str | None, accept: str = "") -> Language:
    """Gives the first language wished for that there is, then the best of an Accept-Language header."""
    for wish in wishes:
        if wish in LANGUAGES:
            return LANGUAGES[wish]
    return LANGUAGES[negotiate_locale(_preferred(accept), LANGUAGES, sep="-") or DEFAULT]


def _preferred(accept: str) -> list[str]:
    """Reads the languages of an Accept-Language header, best first; what is no language is left out."""
    found = []
    for place, entry in enumerate(accept.split(",")[:20]):
        tag, _, weight = entry.strip().partition(";q=")
        try:
            found.append((-float(weight or 1), place, parse_locale(tag, sep="-")[0]))
        except ValueError:
            continue
    return [code for _, _, code in sorted(found)]
