"""What every page is held to: axe's rules, and millimetres measured from the painted page."""

from __future__ import annotations

import math
from typing import Any

from playwright.sync_api import Page

from appliance.web.panel import MIN_CAP_DEG, MIN_TARGET_MM, Panel

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "EN-301-549", "best-practice"]

SIZES = """(root) => {
  const pen = document.createElement('canvas').getContext('2d');
  const seen = (e) => e.checkVisibility() && !e.closest('.unseen') && !e.closest('svg');
  const all = [...document.querySelector(root).querySelectorAll('*')].filter(seen);
  const says = (e) => [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.textContent.trim());
  const texts = all.filter(says).map((e) => {
    const style = getComputedStyle(e);
    pen.font = `${style.fontWeight} 1000px ${style.fontFamily}`;
    const ratio = pen.measureText('H').actualBoundingBoxAscent / 1000;
    return { name: e.outerHTML.slice(0, 50), capPx: ratio * parseFloat(style.fontSize) };
  });
  const touch = 'button, a, summary, label.button, textarea, input:not([type=radio], [type=hidden])';
  const targets = all.filter((e) => e.matches(touch))
    .map((e) => [e, e.getBoundingClientRect()])
    .map(([e, r]) => ({ name: e.outerHTML.slice(0, 50), width: r.width, height: r.height }));
  return { texts, targets };
}"""


def too_small(sizes: dict[str, list[dict[str, Any]]], panel: Panel, *, with_text: bool = True) -> list[str]:
    """Every text whose capital fills too small an angle, every target with a side too short."""
    wrong = []
    for text in sizes["texts"] if with_text else ():
        angle = math.degrees(math.atan(text["capPx"] / panel.px_per_mm / panel.viewing_distance_mm))
        if not angle >= MIN_CAP_DEG - 0.001:
            wrong.append(f"{text['name']}: capital {angle:.3f} deg, min {MIN_CAP_DEG}")
    for target in sizes["targets"]:
        side_mm = min(target["width"], target["height"]) / panel.px_per_mm
        if not side_mm >= MIN_TARGET_MM - 0.02:
            wrong.append(f"{target['name']}: {side_mm:.1f} mm, min {MIN_TARGET_MM}")
    assert sizes["targets"], "nothing to touch was found"
    return wrong


def violations(page: Page, axe_script: str, *, is_modal: bool = False) -> list[str]:
    """What axe finds, as rule and place; the checker runs inside the page's own strict policy.

    `is_modal`: the page behind is inert, so the advice that every page shows its main part and heading is left out.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe_script + ";0")
    tags = [tag for tag in TAGS if not (is_modal and tag == "best-practice")]
    found = page.evaluate("tags => axe.run(document, { runOnly: tags, resultTypes: ['violations', 'passes'] })", tags)
    assert len(found["passes"]) > 5, "axe looked at nothing"
    return [f"{rule['id']}: {node['html'][:100]}" for rule in found["violations"] for node in rule["nodes"]]
