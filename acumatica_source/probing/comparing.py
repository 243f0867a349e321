"""Where two probes differ: of an instance, and of the sandbox that is to stand for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from acumatica_source.probing.model import Findings


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A question that was answered differently."""

    question: str
    text: str
    found: Any
    assumed: Any


def differences(found: Findings, assumed: Findings) -> Iterator[Disagreement]:
    """The questions about servers, not data, that both could answer, and did differently."""
    for name, question in found.questions.items():
        if question.of_data or name not in found.answers or name not in assumed.answers:
            continue
        one, other = found.answers[name], assumed.answers[name]
        if "too few" not in (one, other) and one != other:
            yield Disagreement(name, question.text, one, other)


def worded(answer: Any) -> str:
    """An answer for people."""
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    if isinstance(answer, list):
        return ", ".join(answer) or "none"
    if isinstance(answer, dict):
        members = f" ({', '.join(answer['members'])})" if answer["members"] else ""
        return f"{answer['status']}, {answer['form']}{members}: {answer['says']}"
    return str(answer)
