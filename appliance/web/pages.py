"""What both faces of the kiosk render with: templates, static files, the panel's measures."""

from __future__ import annotations

from pathlib import Path

import jinja2
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from appliance.web.panel import Panel

HERE = Path(__file__).parent


def templates() -> jinja2.Environment:
    """Escapes everything; a name that was not handed in is a bug and says so."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def asset_routes(panel: Panel) -> list[Route | Mount]:
    """Style, scripts, and the custom properties of this panel."""

    async def panel_css(_request: Request) -> Response:
        return Response(panel.css(), media_type="text/css")

    return [
        Route("/panel.css", panel_css),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]
