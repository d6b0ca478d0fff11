"""What a recording may be for. Some uses are refused, whoever agrees to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mien.core.errors import InputError

PURPOSES: Final[dict[str, str]] = {
    "self": "my own expressions, for myself",
    "research": "research with people who agreed to take part",
    "usability": "testing a product or a film with people who agreed",
    "practice": "practising how I come across",
    "health": "medical or safety reasons",
    "development": "developing or testing software",
    "demonstration": "showing how this works",
}
"""Purposes to choose from; any other text will do as well, unless it is refused."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A kind of use that is refused.

    Attributes:
        title: what it is.
        reason: why.
        words: a regular expression that finds it in a purpose, in English and German.
    """

    title: str
    reason: str
    words: str


_ACT: Final = "Article 5(1)(f) of the EU AI Act (Regulation 2024/1689) forbids it"

REFUSED: Final[dict[str, Refusal]] = {
    "work": Refusal(
        "monitoring of workers",
        f"{_ACT} at the workplace",
        r"employee|worker|workforce|staff\b|colleague|productivity|call.?cent(er|re)|workplace"
        r"|mitarbeit|arbeitnehm|angestellt|belegschaft|beschäftigt|arbeitsplatz|kolleg",
    ),
    "education": Refusal(
        "monitoring of students",
        f"{_ACT} in education",
        r"student|pupil|classroom|school|lecture|\bexams?\b|proctor|schüler|studierend|unterricht|prüfung|schule|klassen",
    ),
    "hiring": Refusal(
        "hiring",
        f"{_ACT} at the workplace, and choosing whom to employ belongs to it",
        r"\bhir(e|ing)\b|recruit|applicant|job.?interview|candidate|bewerb|einstellungs|vorstellungsgespräch",
    ),
    "lies": Refusal(
        "lie detection",
        "expressions do not tell whether somebody lies",
        r"\blie\b|\blies\b|lying|\bliar|lie.?detect|decepti|deceiv|truthful|credib|polygraph|lüge|täusch|glaubwürdig",
    ),
    "covert": Refusal(
        "covert use",
        "a recording needs the consent of everybody in view",
        r"covert|secret|hidden|\bspy|unaware|without (their|his|her|anyone'?s?|the) |unbemerkt"
        r"|heimlich|verdeckt|versteckt|ohne (das |deren |ihr |sein )?(wissen|einwilligung)",
    ),
    "authority": Refusal(
        "decisions about people by authorities, banks or insurers",
        "expressions say too little of a person to decide about one",
        r"police|interrogat|suspect|\bborder|asylum|migrant|credit.?(scor|worth)|insur"
        r"|polizei|verhör|verdächtig|\bgrenz|\basyl|kreditwürd|versicher",
    ),
}


class ConsentError(InputError):
    """Nobody said that those in view agree."""

    code = "consent_needed"


class PurposeError(InputError):
    """A recording without a purpose, or for one that is refused.

    Args:
        message: why.
        kind: which of `REFUSED`; None where there is no purpose.
    """

    code = "purpose_refused"

    def __init__(self, message: str, kind: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind


def check(purpose: str, consent: bool) -> None:
    """Refuse a recording that must not be.

    Args:
        purpose: one of `PURPOSES`, or free text.
        consent: everybody in view has agreed.

    Raises:
        PurposeError: there is no purpose, or one that is refused; says why.
        ConsentError: nobody agreed.
    """
    if len(purpose.strip()) < 3:
        raise PurposeError(f"a recording needs a purpose: one of {', '.join(PURPOSES)}, or your own words")
    for kind, refusal in REFUSED.items():
        if purpose not in PURPOSES and re.search(refusal.words, purpose, re.IGNORECASE):
            message = (
                f"this looks like {refusal.title}, which is refused: {refusal.reason}. If it is not, say it otherwise"
            )
            raise PurposeError(message, kind)
    if not consent:
        raise ConsentError("a recording needs the consent of everybody in view: ask them, then send consent: true")
