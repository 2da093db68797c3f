"""Sizes and positions of all that is drawn, in the units of the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from groupsolver.picture.level_of_detail import Frame, HostBox, Tile
from groupsolver.picture.mark_rows import MARK_GAP, MARK_HEIGHT, arrange_marks

WIDTH = 1040.0  # of the whole drawing
HOST_WIDTH = 146.0
TITLE_HEIGHT = 20.0  # the title of a frame
PAD = 6.0
GAP = 8.0
STRIPE = 5.0  # height of the groups of members on a tile
_NAME_HEIGHT = 27.0  # a host's name and bar
_SLIM_HEIGHT = 6.0
_COLUMN_HEIGHT = 380.0  # a frame's hosts start another column at about this height
_TILE_SIZES = {"big": (62.0, 28.0), "small": (21.0, 13.0), "row": (HOST_WIDTH, 20.0)}
_TILE_GAP = 3.0
_MAX_COLUMNS = 8  # frames side by side
_SLACK = 0.5  # sizes that differ by less are the same

Item = Frame | HostBox | Tile
Placed = list[tuple[float, float, "Box"]]  # boxes at positions


@dataclass(frozen=True)
class Box:
    """An item with its size, and the boxes inside at positions within it."""

    item: Item
    width: float
    height: float
    inside: tuple[tuple[float, float, Box], ...] = ()


def lay_out(item: Item, width: float) -> Box:
    """Lay an item out in at most `width`, as far as it can be that narrow."""
    if isinstance(item, Tile):
        tile_width, tile_height = _TILE_SIZES[item.size]
        has_stripe = item.size == "big" and bool(item.tally.marks)
        return Box(item, tile_width, tile_height + (STRIPE if has_stripe else 0))
    if isinstance(item, HostBox):
        return Box(item, HOST_WIDTH, _host_height(item))
    return _lay_out_frame(item, width)


def _host_height(box: HostBox) -> float:
    if box.slim:
        return _SLIM_HEIGHT
    rows = arrange_marks(box.state.marks, HOST_WIDTH).rows
    return _NAME_HEIGHT + rows * (MARK_HEIGHT + MARK_GAP)


def _lay_out_frame(frame: Frame, width: float) -> Box:
    """Stack what is in a frame: its frames, its hosts, its tiles."""
    pad = 0.0
    top = 0.0
    if frame.domain.level:
        pad = PAD
        top = TITLE_HEIGHT + PAD / 2
    room = max(HOST_WIDTH, width - 2 * pad)
    inside: Placed = []
    tiles = [lay_out(tile, room) for tile in frame.tiles]
    for placed in (
        _place_frames(frame, room),
        _place_hosts(frame.hosts, room),
        _place_in_rows(tiles, room, _TILE_GAP),
    ):
        if placed:
            inside += [(pad + x, top + y, box) for x, y, box in placed]
            top = max(y + box.height for _, y, box in inside) + GAP
    right = max((x + box.width for x, _, box in inside), default=HOST_WIDTH) + pad
    # Frames of frames share their widths, so that they line up. A frame of hosts is only as wide
    # as these.
    fills_width = bool(frame.frames or frame.tiles or not frame.domain.level)
    return Box(frame, max(width, right) if fills_width else right, top - GAP + pad, tuple(inside))


def _place_frames(frame: Frame, room: float) -> Placed:
    """Put frames side by side, in the number of columns with the least height."""
    if not frame.frames:
        return []
    if not any(inner.frames or inner.tiles for inner in frame.frames):
        return _place_in_columns([lay_out(inner, room) for inner in frame.frames], room)
    best: Placed = []
    for columns in range(1, min(_MAX_COLUMNS, len(frame.frames)) + 1):
        width = (room - (columns - 1) * GAP) / columns
        boxes = [lay_out(inner, width) for inner in frame.frames]
        if columns > 1 and any(box.width > width + _SLACK for box in boxes):
            break
        placed = _place_in_columns(boxes, room)
        if not best or _height(placed) <= _height(best):
            best = placed
    return best


def _place_in_columns(boxes: Sequence[Box], room: float) -> Placed:
    """Put each box in the column with the most room; in rows, where widths differ."""
    width = boxes[0].width
    if any(abs(box.width - width) > _SLACK for box in boxes):
        return _place_in_rows(boxes, room, GAP)
    filled = [0.0] * max(1, int((room + GAP + _SLACK) // (width + GAP)))
    placed = []
    for box in boxes:
        column = min(range(len(filled)), key=lambda i: (round(filled[i]), i))
        placed.append((column * (width + GAP), filled[column], box))
        filled[column] += box.height + GAP
    return placed


def _place_hosts(hosts: Sequence[HostBox | Tile], room: float) -> Placed:
    """Stack hosts in columns of about the same height."""
    boxes = [lay_out(host, HOST_WIDTH) for host in hosts]
    gaps = [2.0 if isinstance(host, HostBox) and host.slim else 5.0 for host in hosts]
    total = sum(box.height for box in boxes) + sum(gaps)
    most = max(1, int((room + GAP) // (HOST_WIDTH + GAP)))
    column_height = total / min(most, max(1, round(total / _COLUMN_HEIGHT)))
    placed = []
    x = 0.0
    y = 0.0
    for box, gap in zip(boxes, gaps, strict=True):
        is_full = y > 0 and y + box.height / 2 > column_height
        if is_full and x + 2 * HOST_WIDTH + GAP <= room:
            x += HOST_WIDTH + GAP
            y = 0.0
        placed.append((x, y, box))
        y += box.height + gap
    return placed


def _place_in_rows(boxes: Sequence[Box], room: float, gap: float) -> Placed:
    """Put boxes in rows, from left to right."""
    placed = []
    x = 0.0
    y = 0.0
    row_height = 0.0
    for box in boxes:
        if x > 0 and x + box.width > room + _SLACK:
            x = 0.0
            y += row_height + gap
            row_height = 0.0
        placed.append((x, y, box))
        x += box.width + gap
        row_height = max(row_height, box.height)
    return placed


def _height(placed: Placed) -> float:
    return max(y + box.height for _, y, box in placed)
