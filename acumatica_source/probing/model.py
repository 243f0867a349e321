"""What a probe finds: answers from a closed vocabulary, and the file that they are written to.

Nothing else can get into the file. A question says which answers it has, and an answer that is none
of these is refused, whatever an instance has sent: a value, a name, an address, a secret.
"""

import json
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Protocol

FORMAT = 1
"""Version of the file's form."""

_BUILD = re.compile(r"\d{2}\.\d{3}\.\d{4}")
_ENDPOINT_VERSION = re.compile(r"\d{2}\.\d{3}\.\d{3}")
SYSTEM_ENDPOINTS = ("Default", "DeviceHub", "GLConsolidation", "MANUFACTURING", "eCommerce")
"""Endpoints that come with the ERP. Names of others may give away whose they are."""
MOST_ENDPOINTS = 40
UNTOLD_BUILD = "unknown"


class ProbeFileError(ValueError):
    """A file is no probe's, or says what a probe does not say."""


class Answers(Protocol):
    """The answers that a question has."""

    def accept(self, answer: Any) -> bool:
        """Whether this is one of them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]

    def accept(self, answer: Any) -> bool:
        """See `Answers`."""
        return isinstance(answer, str) and answer in self.words


@dataclass(frozen=True, slots=True)
class Several:
    """Some of some words, each at most once, in their order."""

    words: tuple[str, ...]

    def accept(self, answer: Any) -> bool:
        """See `Answers`."""
        return isinstance(answer, list) and answer == [w for w in self.words if w in answer]


@dataclass(frozen=True, slots=True)
class YesNo:
    """True or false."""

    def accept(self, answer: Any) -> bool:
        """See `Answers`."""
        return isinstance(answer, bool)


@dataclass(frozen=True, slots=True)
class Number:
    """A count, rounded to two digits; 0 for none."""

    most: int = 10_000_000

    def accept(self, answer: Any) -> bool:
        """See `Answers`."""
        if isinstance(answer, bool) or not isinstance(answer, int):
            return False
        return 0 <= answer <= self.most and answer == rounded(answer)


@dataclass(frozen=True, slots=True)
class Offset:
    """Minutes from UTC, of which there are four to the hour."""

    def accept(self, answer: Any) -> bool:
        """See `Answers`."""
        whole = isinstance(answer, int) and not isinstance(answer, bool)
        return whole and -840 <= answer <= 840 and answer % 15 == 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """How the server answers: status, form, members of an object, and what its text is about."""

    forms: tuple[str, ...]
    phrases: tuple[str, ...]
    members: tuple[str, ...]

    def accept(self, answer: Any) -> bool:
        """See `Answers`."""
        if not isinstance(answer, dict) or answer.keys() != {"status", "form", "says", "members"}:
            return False
        status, members = answer["status"], answer["members"]
        return (
            isinstance(status, int)
            and not isinstance(status, bool)
            and 100 <= status <= 599
            and answer["form"] in self.forms
            and answer["says"] in self.phrases
            and Several(self.members).accept(members)
        )


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """What a probe asks."""

    text: str
    """In words."""
    answers: Answers
    of_data: bool = False
    """Whether the answer depends on the data that happen to be there, not on the server."""


def rounded(count: int) -> int:
    """A count with its first two digits; the rest are zeros."""
    digits = len(str(count)) - 2
    return count if digits <= 0 else count // 10**digits * 10**digits


@dataclass
class Findings:
    """What has been found out so far."""

    questions: Mapping[str, OpenQuestion]
    failures: tuple[str, ...]
    """The words for why a question could not be asked."""
    steps: tuple[str, ...]
    """The names of the parts of a tour."""
    build: str = UNTOLD_BUILD
    endpoints: list[str] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    requests: int = 0

    def note(self, question: str, answer: Any) -> None:
        """Keep an answer; None where it could not be told.

        Raises:
            ProbeFileError: it is none of the answers that the question has.
        """
        if answer is None:
            return
        self._check(question, answer)
        self.answers[question] = answer

    def note_words(self, question: str, found: Set[str]) -> None:
        """Keep those of the words found that the question knows, the rest as `other` if it may."""
        answers = self.questions[question].answers
        assert isinstance(answers, Several)
        known = {word if word in answers.words else "other" for word in found}
        self.note(question, [word for word in answers.words if word in known])

    def note_instance(self, build: object, endpoints: list[tuple[str, str]]) -> None:
        """Keep the build, and the endpoints that come with the ERP."""
        if isinstance(build, str) and _BUILD.fullmatch(build):
            self.build = build
        system = {f"{n}/{v}" for n, v in endpoints if _is_system(n, v)}
        self.endpoints = sorted(system)[:MOST_ENDPOINTS]

    def note_failure(self, step: str, why: str) -> None:
        """Keep that a part of the tour could not be gone through."""
        self.failed[step] = why if why in self.failures else self.failures[-1]

    def written(self) -> str:
        """The file.

        Raises:
            ProbeFileError: something in it is not from the vocabulary.
        """
        document = {
            "format": FORMAT,
            "build": self.build,
            "endpoints": self.endpoints,
            "answers": dict(sorted(self.answers.items())),
            "failed": dict(sorted(self.failed.items())),
            "requests": self.requests,
        }
        self._fill(document)
        return json.dumps(document, indent=1) + "\n"

    def read(self, text: str) -> None:
        """Take over what a file says.

        Raises:
            ProbeFileError: it is no file of a probe.
        """
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            raise ProbeFileError("It is no JSON.") from None
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ProbeFileError(f"It does not hold answers in format {FORMAT}.")
        self._fill(document)

    def _fill(self, document: Mapping[str, Any]) -> None:
        """Check all of a document and take it over."""
        expected = {"format", "build", "endpoints", "answers", "failed", "requests"}
        if document.keys() != expected:
            raise ProbeFileError("It has not the members that it should have.")
        build, endpoints = document["build"], document["endpoints"]
        if not isinstance(build, str) or not (_BUILD.fullmatch(build) or build == UNTOLD_BUILD):
            raise ProbeFileError("Its build is none.")
        if not isinstance(endpoints, list) or not all(
            isinstance(one, str) and _is_system(*one.partition("/")[::2]) for one in endpoints
        ):
            raise ProbeFileError("Its endpoints are not those of the system.")
        answers, failed, requests = (document[n] for n in ("answers", "failed", "requests"))
        if not isinstance(answers, dict) or not isinstance(failed, dict):
            raise ProbeFileError("Its answers are none.")
        for question, answer in answers.items():
            self._check(question, answer)
        for step, why in failed.items():
            if step not in self.steps or why not in self.failures:
                raise ProbeFileError("It names an unknown step.")
        if isinstance(requests, bool) or not isinstance(requests, int) or requests < 0:
            raise ProbeFileError("Its number of requests is none.")
        self.build, self.endpoints = build, list(endpoints)
        self.answers, self.failed, self.requests = dict(answers), dict(failed), requests

    def _check(self, question: str, answer: Any) -> None:
        known = self.questions.get(question)
        if known is None:
            raise ProbeFileError("It answers a question that is not asked.")
        if not known.answers.accept(answer):
            # the answer is not shown: it may be anything
            raise ProbeFileError(f"The answer to {question} is none that this question has.")


def _is_system(name: str, version: str) -> bool:
    return name in SYSTEM_ENDPOINTS and bool(_ENDPOINT_VERSION.fullmatch(version))
