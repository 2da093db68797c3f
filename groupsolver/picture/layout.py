"""Where everything stands: sizes and positions in the units of the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from groupsolver.picture.piles import MARK_GAP, MARK_HEIGHT, piles_of
from groupsolver.picture.plan import Cell, Frame, Tile

WIDTH = 1040.0  # of the whole drawing
HOST = 146.0  # a host's width
HEAD = 20.0  # the title of a frame
PAD = 6.0
GAP = 8.0
STRIPE = 5.0  # the groups of members on a tile
_STACK = 380.0  # a frame's hosts start another column at about this height
_TILE = {"big": (62.0, 28.0), "small": (21.0, 13.0), "row": (HOST, 20.0)}
_TILE_GAP = 3.0
_WIDEST = 8  # frames side by side


@dataclass(frozen=True)
class Block:
    """An item with its size, and what stands inside, at positions within it."""

    item: Frame | Cell | Tile
    width: float
    height: float
    inside: tuple[tuple[float, float, Block], ...] = ()


def fitted(item: Frame | Cell | Tile, width: float) -> Block:
    """Lay an item out in at most `width`, as far as it can be that narrow."""
    if isinstance(item, Tile):
        width, height = _TILE[item.size]
        return Block(item, width, height + STRIPE * (item.size == "big" and bool(item.tally.marks)))
    if isinstance(item, Cell):
        return Block(item, HOST, _cell_height(item))
    head = HEAD if item.domain.level else 0.0
    pad = PAD if item.domain.level else 0.0
    room = max(HOST, width - 2 * pad)
    at = head + (pad / 2 if head else 0.0)
    inside: list[tuple[float, float, Block]] = []
    for placed in (_frames(item, room), _stacked(item.cells, room), _tiled(item.tiles, room)):
        if placed:
            inside += [(pad + x, at + y, block) for x, y, block in placed]
            at = max(y + block.height for _, y, block in inside) + GAP
    used = max((x + block.width for x, _, block in inside), default=HOST)
    # Frames of frames share their widths, so that they line up; a frame of hosts is as wide as these.
    wide = width if item.frames or item.tiles or not item.domain.level else used + pad
    return Block(item, max(wide, used + pad), at - GAP + pad, tuple(inside))


def _cell_height(cell: Cell) -> float:
    if cell.slim:
        return 6.0
    return 27.0 + piles_of(cell.stand.marks, HOST).rows * (MARK_HEIGHT + MARK_GAP)


def _frames(item: Frame, room: float) -> list[tuple[float, float, Block]]:
    """Put frames side by side: as many as make the least height."""
    if not item.frames:
        return []
    if not any(frame.frames or frame.tiles for frame in item.frames):
        return _side_by_side([fitted(frame, room) for frame in item.frames], room)
    best: list[tuple[float, float, Block]] = []
    for columns in range(1, min(_WIDEST, len(item.frames)) + 1):
        width = (room - (columns - 1) * GAP) / columns
        blocks = [fitted(frame, width) for frame in item.frames]
        if columns > 1 and any(block.width > width + 0.5 for block in blocks):
            break
        placed = _side_by_side(blocks, room)
        if not best or _height(placed) <= _height(best):
            best = placed
    return best


def _side_by_side(blocks: Sequence[Block], room: float) -> list[tuple[float, float, Block]]:
    """Put frames in columns where they are equally wide, each where there is most room; in rows otherwise."""
    width = blocks[0].width
    if any(abs(block.width - width) > 0.5 for block in blocks):
        return _shelves(blocks, room, GAP)
    filled = [0.0] * max(1, int((room + GAP + 0.5) // (width + GAP)))
    placed = []
    for block in blocks:
        column = min(range(len(filled)), key=lambda i: (round(filled[i]), i))
        placed.append((column * (width + GAP), filled[column], block))
        filled[column] += block.height + GAP
    return placed


def _stacked(cells: Sequence[Cell | Tile], room: float) -> list[tuple[float, float, Block]]:
    """Stack hosts in columns of about the same height."""
    blocks = [fitted(cell, HOST) for cell in cells]
    gaps = [2.0 if isinstance(cell, Cell) and cell.slim else 5.0 for cell in cells]
    total = sum(block.height for block in blocks) + sum(gaps)
    most = max(1, int((room + GAP) // (HOST + GAP)))
    tall = total / min(most, max(1, round(total / _STACK)))
    placed = []
    x = y = 0.0
    for block, gap in zip(blocks, gaps, strict=True):
        if y > 0 and y + block.height / 2 > tall and x + 2 * HOST + GAP <= room:
            x, y = x + HOST + GAP, 0.0
        placed.append((x, y, block))
        y += block.height + gap
    return placed


def _tiled(tiles: Sequence[Tile], room: float) -> list[tuple[float, float, Block]]:
    return _shelves([fitted(tile, room) for tile in tiles], room, _TILE_GAP)


def _shelves(blocks: Sequence[Block], room: float, gap: float) -> list[tuple[float, float, Block]]:
    """Put blocks in rows, from left to right."""
    placed = []
    x = y = tall = 0.0
    for block in blocks:
        if x > 0 and x + block.width > room + 0.5:
            x, y, tall = 0.0, y + tall + gap, 0.0
        placed.append((x, y, block))
        x += block.width + gap
        tall = max(tall, block.height)
    return placed


def _height(placed: Sequence[tuple[float, float, Block]]) -> float:
    return max(y + block.height for _, y, block in placed)
