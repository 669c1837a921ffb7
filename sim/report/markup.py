"""HTML in small pieces: escaped text, tables that sort, tiles. No layout, no words."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FIGURE = re.compile(r"[+−]?\d[\d,.]*(?:%|万亿元|亿元| (?:billion|trillion) yuan)")
"""An amount or a per cent in a sentence."""


@dataclass(frozen=True)
class Cell:
    """One cell: its text, the number to sort by, its background from cold to warm (-1 to 1), class, small note."""

    text: str
    value: float | None = None
    heat: float | None = None
    css: str = ""
    note: str = ""

    def html(self) -> str:
        sort = "" if self.value is None or self.value != self.value else f' data-v="{self.value:.6g}"'
        names = " ".join(name for name in ("n" if self.value is not None else "", self.css) if name)
        css = f' class="{names}"' if names else ""
        style = "" if self.heat is None else f' style="background:{_background(self.heat)}"'
        note = f"<small>{html.escape(self.note)}</small>" if self.note else ""
        return f"<td{css}{sort}{style}>{html.escape(self.text)}{note}</td>"


def _background(heat: float) -> str:
    """Blue for gains, orange for losses, none at zero."""
    strength = min(abs(heat), 1.0) * 0.42  # unit: opacity
    return f"rgba({'42,111,176' if heat > 0 else '200,102,27'},{strength:.2f})"


def table(head: Sequence[str], rows: Iterable[Iterable[Cell | str]], *, css: str = "", sortable: bool = False) -> str:
    """A table; a title may hold a note after a line break, shown small. Numbers and their titles stand to the right."""
    lines = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    right = [cell.value is not None for cell in lines[0]] if lines else [False] * len(head)
    titles = "".join(f"<th{' class=n' if n else ''}>{_title(text)}</th>" for text, n in zip(head, right, strict=True))
    body = "".join(f"<tr>{''.join(cell.html() for cell in line)}</tr>\n" for line in lines)
    names = " ".join(name for name in (css, "sortable" if sortable else "") if name)
    inside = f"<thead><tr>{titles}</tr></thead><tbody>\n{body}</tbody>"
    return f'<div class="scroll"><table class="{names}">{inside}</table></div>'


def _title(text: str) -> str:
    name, _, note = text.partition("\n")
    return html.escape(name) + (f"<small>{html.escape(note)}</small>" if note else "")


def sentence(text: str) -> str:
    """A sentence with its amounts in bold."""
    return FIGURE.sub(lambda found: f"<b>{found[0]}</b>", html.escape(text, quote=False))


def command(text: str) -> str:
    """What to type on the command line."""
    return f'<pre class="command">{html.escape(text, quote=False)}</pre>'


def paragraph(text: str, css: str = "") -> str:
    return f"<p{f' class={css}' if css else ''}>{html.escape(text, quote=False)}</p>"


def listed(texts: Iterable[str]) -> str:
    """Short texts, one a line."""
    return f"<ul>{''.join(f'<li>{html.escape(text, quote=False)}</li>' for text in texts)}</ul>"


def fold(summary: str, content: str) -> str:
    """Shown on demand."""
    return f"<details><summary>{html.escape(summary)}</summary>{content}</details>"


def figure(name: str, label: str, height: int) -> str:
    """The place of a figure; page.js draws it."""
    said = f'role="img" aria-label="{html.escape(label)}"'
    return f'<div class="figure" id="figure-{name}" {said} style="min-height:{height}px"></div>'


def tiles(items: Iterable[tuple[str, str, str]]) -> str:
    """Key figures: label, value, note."""
    return (
        '<div class="tiles">'
        + "".join(
            f"<div><span>{html.escape(label)}</span><b>{html.escape(value)}</b><small>{html.escape(note)}</small></div>"
            for label, value, note in items
        )
        + "</div>"
    )


def choice(name: str, label: str, groups: Iterable[tuple[str, Iterable[tuple[str, str]]]]) -> str:
    """A drop-down list; options with their group, a group without a name stands alone."""
    parts = []
    for group, options in groups:
        inner = "".join(f'<option value="{html.escape(key)}">{html.escape(text)}</option>' for key, text in options)
        parts.append(f'<optgroup label="{html.escape(group)}">{inner}</optgroup>' if group else inner)
    return f'<label class="js">{html.escape(label)} <select id="{name}">{"".join(parts)}</select></label>'


def slider(name: str, label: str, low: int, high: int) -> str:
    """A range of years, standing at the last."""
    bar = f'<input type="range" id="{name}" min="{low}" max="{high}" value="{high}">'
    return f'<label class="js">{html.escape(label)} {bar} <output>{high}</output></label>'
