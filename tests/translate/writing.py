"""Small model files: what stands around the equations that a test is about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Write = Callable[..., Path]
"""Writes a model file of a test, by default `m.mdl`, and returns its path."""

TAIL = """
FINAL TIME = 4 ~ year ~|
INITIAL TIME = 0 ~ year ~|
SAVEPER = TIME STEP ~ year ~|
TIME STEP = 0.25 ~ year ~|
"""
XMILE = """<?xml version="1.0" encoding="utf-8"?>
{doctype}<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<sim_specs><start>0</start><stop>4</stop><dt>0.5</dt></sim_specs>
<model><variables>
<stock name="S"><eqn>10</eqn><outflow>out</outflow></stock>
<flow name="out"><eqn>S/{eqn}</eqn></flow>
{more}</variables></model></xmile>
"""


def vensim(body: str, tail: str = TAIL) -> str:
    return "{UTF-8}\n" + body + tail
