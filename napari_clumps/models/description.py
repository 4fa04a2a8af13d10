"""Description of a model: its training data, performance and verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from clump_detector.core.json_types import JsonObject
from clump_detector.models.card import ModelCard
from clump_detector.models.lineage import ancestors, children, newest_verdict
from clump_detector.models.registry import ModelEntry

#: A heading, and its lines.
Fact = tuple[str, list[str]]

_FIGURES = ("completeness", "purity", "f1", "average_precision")


def facts(entry: ModelEntry, entries: Sequence[ModelEntry]) -> list[Fact]:
    """Return the description of a model, under headings.

    Parameters
    ----------
    entry : ModelEntry
    entries : sequence of ModelEntry
        The whole list, which is searched for its ancestors.
    """
    card = entry.card
    if card is None:
        return [("Folder", [str(entry.path)]), ("Broken", [entry.problem or ""])]
    found = [
        ("Verdicts", [verdict_line(v) for v in reversed(card.verdicts)]),
        ("Learned from", _learned(card)),
        ("Lineage", _lineage(entry, card, entries)),
        ("Performance", _performance(card)),
        ("Score from", _expected(card)),
        ("Colours", _colours(card)),
        ("Made", [made_when(card) or "not recorded"]),
        ("Network", [f"{card.config.encoder}, {' and '.join(card.config.classes)}"]),
        ("Weights", [card.weights[:8] or "not recorded"]),
        ("Folder", [str(entry.path)]),
    ]
    return [(name, lines or ["none"]) for name, lines in found]


def made_when(card: ModelCard) -> str:
    """Return when a model was made, to the minute."""
    return card.created[:16].replace("T", " ") + " UTC" if card.created else ""


def learned_counts(learned: JsonObject) -> str:
    """Return the amount of a model's training data, in a few words."""
    if "cutouts" not in learned:
        file = learned.get("checkpoint")
        return f"the checkpoint {file}" if file else "not recorded"
    n, boxes = int(learned["cutouts"]), learned.get("boxes")
    text = f"{n:,} {'galaxy' if n == 1 else 'galaxies'}"
    return text if boxes is None else f"{text}, {int(boxes):,} boxes"


def _lineage(
    entry: ModelEntry, card: ModelCard, entries: Sequence[ModelEntry]
) -> list[str]:
    """Return the ancestors of a model, from the parent on, and its children."""
    found = [
        f"from {a.name}{'' if a.entry else ' (no longer in the list)'}: "
        f"{learned_counts(a.learned_from)}"
        for a in ancestors(card, entries)
    ]
    younger = [e.name for e in children(entry, entries)]
    if younger:
        found.append(f"made from it: {', '.join(younger)}")
    return found


def _learned(card: ModelCard) -> list[str]:
    learned = card.learned_from
    found = [learned_counts(learned)]
    if learned.get("rejected"):
        found[0] += f", {int(learned['rejected']):,} rejected boxes"
    training = learned.get("train") or {}
    if training.get("train_parts"):
        found.append(
            f"trained: {training['train_parts']}, at most "
            f"{training.get('epochs', '?')} epochs, seed {learned.get('seed', '?')}"
        )
    unknown = card.unknown_ancestors
    if unknown:
        one = len(unknown) == 1
        template = (
            "card of {} does not say which galaxies it"
            if one
            else ("cards of {} do not say which galaxies they")
        )
        cards = template.format(", ".join(unknown))
        found.append(f"The {cards} learned from: no figure can leave those out.")
    return found


def _expected(card: ModelCard) -> list[str]:
    """Return the default score, and completeness and purity expected from scores up."""
    found = [f"{card.default_score:.2f}"]
    values = card.expected
    if values:
        goal = f", chosen for {values['goal']}" if values.get("goal") else ""
        n = values.get("galaxies")
        found[0] += f"{goal}; {values.get('method', 'by an unknown method')}"
        found[0] += f", {n} galaxies" if n is not None else ""
    for row in _some_rows(values.get("curve") or (), card.default_score):
        found.append(
            f"from {row['score']:.2f}: expected completeness "
            f"{_number(row.get('completeness'))}, purity {_number(row.get('purity'))}"
        )
    return found


def _colours(card: ModelCard) -> list[str]:
    """Return in which bands colours count in the scores."""
    bands = list(card.source_classifier)
    if not bands:
        return ["only those of the picture"]
    return [
        "where a cutout has fluxes in known units in u, g and r, scores count colours "
        f"and widths, which tell clumps from stars ({', '.join(bands)})"
    ]


def _some_rows(curve: Sequence[object], score: float) -> list[JsonObject]:
    """Return the row at the default score and some others, by rising score."""
    rows = [r for r in curve if isinstance(r, dict) and "score" in r]
    wanted = (score, 0.1, 0.3, 0.5, 0.7, 0.9)
    near = [min(rows, key=lambda r: abs(r["score"] - w)) for w in wanted if rows]
    return sorted({r["score"]: r for r in near}.values(), key=lambda r: r["score"])


def _performance(card: ModelCard) -> list[str]:
    """Return the metrics of a card with their intervals, and their test data."""
    values = card.performance
    found = [
        f"{name.replace('_', ' ').replace('f1', 'F1')} {with_interval(values[name])}"
        for name in _FIGURES
        if isinstance(values.get(name), int | float | dict)
        and with_interval(values[name])
    ]
    if not found:
        return []
    score = values.get("score")
    at = f" at score {score:.2f}" if isinstance(score, int | float) else ""
    groups = [
        f"{row.get('name')}: " + ", ".join(
            f"{name} {with_interval(row[name])}"
            for name in ("completeness", "purity")
            if row.get(name)
        )
        for row in values.get("label_sets") or ()
    ]  # fmt: skip
    return [f"on {values.get('on', 'its test galaxies')}{at}", *found, *groups]


def with_interval(figure: object) -> str:
    """Return a metric of a card with its 95 % interval, where it has one."""
    if not isinstance(figure, dict):
        return _number(figure)
    value, outer = figure.get("value"), figure.get("95")
    if value is None:
        return ""
    low_high = f" ({outer[0]:.2f} to {outer[1]:.2f})" if outer else ""
    return f"{_number(value)}{low_high}"


def _number(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, int | float) else "not known"


def verdict_line(verdict: JsonObject) -> str:
    """Return a comparison of a card in a line, with its date."""
    summary = verdict.get("summary") or (
        f"{verdict.get('verdict', 'no verdict')} against "
        f"{verdict.get('against', 'another model')}"
    )
    if verdict.get("on"):
        summary = f"{summary} (on {verdict['on']})"
    day = str(verdict.get("time", ""))[:10]
    return f"{day}: {summary}" if day else str(summary)


def short_verdict(card: ModelCard | None) -> str:
    """Return the newest verdict against the parent, or else against any model."""
    if card is None:
        return ""
    parent = card.learned_from.get("parent")
    found = newest_verdict(card, parent) if isinstance(parent, str) else {}
    if found:
        return str(found.get("verdict", ""))
    found = newest_verdict(card)  # without "against": they could not be compared
    against = found.get("against")
    return f"{found.get('verdict')} (not its parent)" if against else ""
