"""A gallery page taken apart as a browser would."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "input"}


class Page(HTMLParser):
    """Tags, attributes, text, scripts and the JSON block; unbalanced tags are an error."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.html = html
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.styles: list[str] = []
        self.scripts: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []
        self.data: dict[str, Any] = json.loads(self.scripts[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)
            if tag in ("style", "script"):
                (self.styles if tag == "style" else self.scripts).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        inside = self.open[-1] if self.open else ""
        if inside == "style":
            self.styles[-1] += data
        elif inside == "script":
            self.scripts[-1] += data
        else:
            self.text += data

    def values(self, key: str) -> list[str]:
        return [attributes[key] for _, attributes in self.tags if key in attributes]

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def rings_in(d: str) -> list[list[tuple[int, int]]]:
    """The corners of each subpath, as a browser reads M, l, h, v and z."""
    rings: list[list[tuple[int, int]]] = []
    x = y = 0
    for command, text in re.findall(r"([Mlhvz])([^Mlhvz]*)", d):
        numbers = [int(number) for number in re.findall(r"-?\d+", text)]
        if command == "M":
            x, y = numbers
            rings.append([(x, y)])
            continue
        steps = {
            "l": list(zip(numbers[::2], numbers[1::2], strict=True)) if command == "l" else [],
            "h": [(dx, 0) for dx in numbers],
            "v": [(0, dy) for dy in numbers],
            "z": [],
        }[command]
        for dx, dy in steps:
            x, y = x + dx, y + dy
            rings[-1].append((x, y))
    return rings
