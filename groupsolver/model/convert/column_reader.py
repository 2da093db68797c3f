"""Columns of numpy, pyarrow or plain lists as arrays of a known type, with faults that name rows.

A value that is not given is masked in a `numpy.ma` array, null in an array of pyarrow, and None in
a list or an array of objects. NaN is no number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from groupsolver.errors import MAX_NAME_LENGTH, Fault, described, quoted
from groupsolver.model.compiled.arrays import Floats, Ints, Mask
from groupsolver.model.compiled.host_columns import ABSENT
from groupsolver.model.value import INT64_MAX

_EXACT = 2.0**53  # beyond this, a float does not hold every whole number
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CLASS = re.compile(r"[A-Z0-9_]+")
_SEPARATORS = re.compile(r"[\s,;]+")
_MISSING_HINT = "; a value that is not given is masked (numpy.ma) or null (pyarrow)"


@dataclass(frozen=True)
class Column:
    """A column as it was given.

    Parameters
    ----------
    path : str
        Names it in faults.
    values : object
        An array of numpy or pyarrow, a list, or a single number or flag for all hosts.
    """

    path: str
    values: Any

    @property
    def single(self) -> bool:
        """Whether it is one value for all hosts."""
        return isinstance(self.values, (bool, int, float, np.bool_, np.integer, np.floating))


class ColumnReader:
    """Reads the columns of H hosts, and collects what is wrong with them.

    A column with faults is read as if its wrong values were not given.

    Parameters
    ----------
    size : int
        H.

    Attributes
    ----------
    faults : list of Fault
        Of each column and kind, the first row alone is named.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.faults: list[Fault] = []

    def fault(self, code: str, path: str, message: str) -> None:
        """Report what is wrong with a whole column."""
        self.faults.append(Fault(code, path, message))

    def rows_fault(self, code: str, path: str, wrong: Mask, message: Callable[[int], str]) -> None:
        """Report rows that are wrong, if any; `message` describes one of them.

        `wrong` is (H,) bool.
        """
        rows = np.flatnonzero(wrong)
        if not len(rows):
            return
        first = int(rows[0])
        more = f" (and {len(rows) - 1:,} more rows)" if len(rows) > 1 else ""
        self.faults.append(Fault(code, f"{path}[{first}]", message(first) + more))

    def integers(
        self, column: Column, *, low: int = 0, default: int = ABSENT
    ) -> tuple[Ints, Mask | None]:
        """Read whole numbers, `low` or above.

        Returns
        -------
        (H,) int64
            `default` where none is given.
        (H,) bool or None
            Where none is given.
        """
        values, missing = self._array(column)
        path = column.path
        if values is None:
            return np.full(self.size, default, dtype=np.int64), None
        if values.dtype.kind == "O":
            values, missing = self._integers_of_objects(path, values, missing)
        elif values.dtype.kind == "f":
            values, missing = self._integers_of_floats(path, values, missing)
        elif values.dtype.kind not in "iu":
            self._wrong_dtype(path, "whole numbers", values)
            return np.full(self.size, default, dtype=np.int64), None
        wrong = values < low
        if values.dtype.kind == "u" and values.dtype.itemsize == 8:
            wrong |= values > np.uint64(INT64_MAX)
        if missing is not None:
            wrong &= ~missing
        if wrong.any():
            self._out_of_range(path, wrong, values, low)
            missing = wrong if missing is None else missing | wrong
        whole = values.astype(np.int64, copy=False)
        if missing is not None and missing.any():
            whole = np.where(missing, np.int64(default), whole)
        return whole, missing

    def _out_of_range(self, path: str, wrong: Mask, values: NDArray[Any], low: int) -> None:
        bounds = f"{low:,} or above" if low >= 0 else "64 bits"
        self.rows_fault(
            "out-of-range", path, wrong, lambda row: f"expected {bounds}, found {values[row]}"
        )

    def _integers_of_floats(
        self, path: str, values: NDArray[Any], missing: Mask | None
    ) -> tuple[NDArray[Any], Mask | None]:
        given = np.ones(len(values), dtype=np.bool_) if missing is None else ~missing
        with np.errstate(invalid="ignore"):
            whole = (np.floor(values) == values) & (np.abs(values) <= _EXACT)
        not_finite = given & ~np.isfinite(values)
        fractional = given & np.isfinite(values) & ~whole
        self.rows_fault(
            "not-finite",
            path,
            not_finite,
            lambda row: f"expected a whole number, found {values[row]}{_MISSING_HINT}",
        )
        self.rows_fault(
            "wrong-type",
            path,
            fractional,
            lambda row: f"expected a whole number of at most 2**53, found {values[row]}",
        )
        bad = not_finite | fractional | ~given
        found = np.where(bad, 0, values).astype(np.int64)
        return found, bad if bad.any() else None

    def _integers_of_objects(
        self, path: str, values: NDArray[Any], missing: Mask | None
    ) -> tuple[NDArray[Any], Mask | None]:
        absent = _missing_objects(values, missing)
        kinds = (int, np.integer)
        wrong = np.array(
            [not isinstance(one, kinds) or isinstance(one, bool) for one in values.tolist()],
            dtype=np.bool_,
        )
        wrong &= ~absent
        self.rows_fault(
            "wrong-type",
            path,
            wrong,
            lambda row: f"expected a whole number, found {described(values[row])}",
        )
        absent |= wrong
        numbers = [0 if gone else int(one) for gone, one in zip(absent, values, strict=True)]
        large = np.array([abs(one) > INT64_MAX for one in numbers], dtype=np.bool_)
        self.rows_fault("out-of-range", path, large, lambda _: "expected a number of 64 bits")
        absent |= large
        kept = [0 if gone else one for gone, one in zip(absent, numbers, strict=True)]
        return np.array(kept, dtype=np.int64), absent

    def ratios(self, column: Column) -> Floats:
        """Read numbers above 0: (H,) float64, 1.0 where none is given."""
        values, missing = self._array(column)
        ones: Floats = np.ones(self.size)
        if values is None:
            return ones
        if values.dtype.kind == "O":
            values, missing = self._ratios_of_objects(column.path, values, missing)
        elif values.dtype.kind not in "iuf":
            self._wrong_dtype(column.path, "numbers", values)
            return ones
        found = values.astype(np.float64)
        given = np.ones(len(found), dtype=np.bool_) if missing is None else ~missing
        not_finite = given & ~np.isfinite(found)
        with np.errstate(invalid="ignore"):
            low = given & (found <= 0)
        self.rows_fault(
            "not-finite",
            column.path,
            not_finite,
            lambda row: f"expected a finite number, found {found[row]}{_MISSING_HINT}",
        )
        self.rows_fault(
            "out-of-range",
            column.path,
            low & ~not_finite,
            lambda row: f"expected a number above 0, found {found[row]}",
        )
        good = given & ~not_finite & ~low
        return np.where(good, found, 1.0)

    def _ratios_of_objects(
        self, path: str, values: NDArray[Any], missing: Mask | None
    ) -> tuple[NDArray[Any], Mask]:
        absent = _missing_objects(values, missing)
        objects = values.tolist()
        kinds = (int, float, np.integer, np.floating)
        numbers = [isinstance(one, kinds) and not isinstance(one, bool) for one in objects]
        wrong = ~np.array(numbers, dtype=np.bool_) & ~absent
        self.rows_fault(
            "wrong-type",
            path,
            wrong,
            lambda row: f"expected a number, found {described(objects[row])}",
        )
        pairs = zip(numbers, objects, strict=True)
        found = [_float(one) if number else 1.0 for number, one in pairs]
        return np.array(found, dtype=np.float64), absent | wrong

    def flags(self, column: Column, *, default: bool) -> Mask:
        """Read true and false: (H,) bool, `default` where none is given."""
        values, missing = self._array(column)
        if values is None:
            return np.full(self.size, default, dtype=np.bool_)
        if values.dtype.kind == "O":
            absent = _missing_objects(values, missing)
            objects = values.tolist()
            flags = [isinstance(one, (bool, np.bool_)) for one in objects]
            wrong = ~np.array(flags, dtype=np.bool_) & ~absent
            self.rows_fault(
                "wrong-type",
                column.path,
                wrong,
                lambda row: f"expected true or false, found {described(objects[row])}",
            )
            missing = absent | wrong
            set_ = [flag and bool(one) for flag, one in zip(flags, objects, strict=True)]
            values = np.array(set_, dtype=np.bool_)
        elif values.dtype.kind != "b":
            self._wrong_dtype(column.path, "true and false", values)
            return np.full(self.size, default, dtype=np.bool_)
        if missing is None:
            return values.astype(np.bool_, copy=False)
        return np.where(missing, default, values)

    def names(self, column: Column) -> list[str]:
        """Read names that differ from each other; where one is wrong, there is a fault."""
        texts = self._texts(column)
        if texts is None:
            return []
        absent = [one is None or one == "" for one in texts]
        if any(absent):
            wrong = np.array(absent)
            self.rows_fault(
                "ill-formed-name", column.path, wrong, lambda _: "expected a name, found none"
            )
        names = [one or "" for one in texts]
        self._check_names(column.path, names)
        return names

    def rows_of(self, path: str, names: Sequence[str]) -> dict[str, int]:
        """Return the row of each name, and report names that come twice."""
        rows = dict(zip(names, range(len(names)), strict=True))
        if len(rows) < len(names):
            first: dict[str, int] = {}
            repeated = np.zeros(len(names), dtype=np.bool_)
            for row, name in enumerate(names):
                repeated[row] = first.setdefault(name, row) != row
            self.rows_fault(
                "duplicate-name",
                path,
                repeated,
                lambda row: f"host {quoted(names[row])} is named twice",
            )
        return rows

    def _check_names(self, path: str, names: Sequence[str]) -> None:
        """Report names that are too long, or have characters that no name may have."""
        together = "".join(names)
        longest = max(map(len, names), default=0)
        if longest <= MAX_NAME_LENGTH and not _CONTROL.search(together) and _is_text(together):
            return
        wrong = [
            len(name) > MAX_NAME_LENGTH or bool(_CONTROL.search(name)) or not _is_text(name)
            for name in names
        ]
        self.rows_fault(
            "ill-formed-name",
            path,
            np.array(wrong, dtype=np.bool_),
            lambda row: (
                f"expected a name of at most {MAX_NAME_LENGTH} characters without control "
                f"characters, found {quoted(names[row])}"
            ),
        )

    def domains(self, column: Column) -> tuple[Ints, list[str]]:
        """Read the domain of each host.

        The column has names; or it is a pair of numbers, -1 for no domain, and their names.

        Returns
        -------
        (H,) int64
            The number of each host's domain, `ABSENT` for none.
        list of str
            The name of each number, in the order in which they first occur.
        """
        nowhere = np.full(self.size, ABSENT, dtype=np.int64)
        coded = self._coded(column)
        if coded is None:
            texts = self._texts(column)
            if texts is None:
                return nowhere, []
            codes, names = factorised(texts)
        else:
            codes, names = renumbered(*coded)
        before = len(self.faults)
        self._check_names(f"{column.path}.names", names)
        if len(self.faults) > before:
            wrong_name = np.array([not _sound(name) for name in names])
            del self.faults[before:]
            self.rows_fault(
                "ill-formed-name",
                column.path,
                (codes >= 0) & wrong_name[codes],
                lambda row: (
                    f"expected the name of a domain, of at most {MAX_NAME_LENGTH} characters "
                    f"without control characters, found {quoted(names[codes[row]])}"
                ),
            )
        return codes, names

    def _coded(self, column: Column) -> tuple[Ints, list[str | None]] | None:
        """Return numbers and names of a column that has both, else None."""
        values = column.values
        if isinstance(values, tuple) and len(values) == 2 and not isinstance(values[0], str):
            return self._coded_pair(column.path, *values)
        if is_arrow(values):
            return self._coded_arrow(column.path, values)
        return None

    def _coded_pair(self, path: str, codes: Any, names: Any) -> tuple[Ints, list[str | None]]:
        numbers, _ = self.integers(Column(path, codes), low=ABSENT)
        texts = ColumnReader(len(names) if hasattr(names, "__len__") else 0)
        named = texts._texts(Column(f"{path}.names", names)) or []
        self.faults += texts.faults
        self.rows_fault(
            "out-of-range",
            path,
            numbers >= len(named),
            lambda row: f"expected one of {len(named):,} domains, found number {numbers[row]}",
        )
        return np.where(numbers >= len(named), ABSENT, numbers), named

    def _coded_arrow(self, path: str, values: Any) -> tuple[Ints, list[str | None]] | None:
        values = _one_chunk(values)
        kind = str(values.type)
        if kind in {"string", "large_string"}:
            values = values.dictionary_encode()
        elif not kind.startswith("dictionary"):
            return None
        if not self._right_length(path, len(values)):
            return np.full(self.size, ABSENT, dtype=np.int64), []
        texts = values.dictionary.to_pylist()
        if not all(one is None or isinstance(one, str) for one in texts):
            self.fault("wrong-type", path, f"expected text, found {values.type.value_type}")
            return np.full(self.size, ABSENT, dtype=np.int64), []
        numbers = values.indices.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        if values.indices.null_count:
            numbers[values.indices.is_null().to_numpy(zero_copy_only=False)] = ABSENT
        return numbers, texts

    def traits(self, column: Column) -> dict[str, Mask]:
        """Read lists of traits, or texts with spaces or commas: (H,) bool by trait."""
        if is_arrow(column.values) and "list<" in str(column.values.type):
            return self._traits_of_arrow(column)
        values, missing = self._array(column)
        if values is None:
            return {}
        if values.dtype.kind not in "OU":
            self._wrong_dtype(column.path, "lists of traits, or text", values)
            return {}
        absent = _missing_objects(values, missing, nan=True)
        rows = [
            () if gone else _trait_names(one)
            for gone, one in zip(absent.tolist(), values.tolist(), strict=True)
        ]
        self.rows_fault(
            "wrong-type",
            column.path,
            np.array([one is None for one in rows], dtype=np.bool_),
            lambda row: f"expected a list of traits, or text, found {described(values[row])}",
        )
        distinct = dict.fromkeys(rows)
        code_of = {names: code for code, names in enumerate(distinct)}
        codes = np.fromiter(map(code_of.__getitem__, rows), dtype=np.int64, count=len(rows))
        found: dict[str, Mask] = {}
        having: dict[str, list[int]] = {}
        for names, code in code_of.items():
            for name in names or ():
                having.setdefault(name, []).append(code)
        for name, with_it in having.items():
            chosen = np.zeros(len(code_of), dtype=np.bool_)
            chosen[with_it] = True
            found[name] = chosen[codes]
        return self._sound_traits(column.path, found)

    def _traits_of_arrow(self, column: Column) -> dict[str, Mask]:
        lists = _one_chunk(column.values)
        if not self._right_length(column.path, len(lists)):
            return {}
        lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        inner = ColumnReader(int(lengths.sum()))
        codes, names = inner.domains(Column(column.path, lists.flatten()))
        # Rows of the flattened column are not those of hosts.
        for fault in inner.faults:
            self.fault(fault.code, column.path, fault.message)
        rows = np.repeat(np.arange(self.size), lengths)
        found: dict[str, Mask] = {}
        for code, name in enumerate(names):
            mask = np.zeros(self.size, dtype=np.bool_)
            mask[rows[codes == code]] = True
            found[name] = mask
        return self._sound_traits(column.path, found)

    def _sound_traits(self, path: str, found: dict[str, Mask]) -> dict[str, Mask]:
        for name, mask in found.items():
            if class_name(name):
                continue
            text = quoted(name)
            self.rows_fault(
                "ill-formed-name",
                path,
                mask,
                lambda _, text=text: f"expected a trait of A-Z, 0-9 and _, found {text}",  # type: ignore[misc]
            )
        return {name: mask for name, mask in found.items() if class_name(name)}

    def _texts(self, column: Column) -> list[str | None] | None:
        """Return texts, None where none is given; None in all where the column is wrong."""
        values, missing = self._array(column)
        if values is None:
            return None
        if values.dtype.kind == "U":
            texts: list[str | None] = values.tolist()
            if missing is not None:
                for row in np.flatnonzero(missing).tolist():
                    texts[row] = None
            return texts
        if values.dtype.kind != "O":
            self._wrong_dtype(column.path, "text", values)
            return None
        absent = _missing_objects(values, missing, nan=True)
        objects = values.tolist()
        plain = [isinstance(one, str) for one in objects]
        if all(plain):
            return cast(list[str | None], objects)
        wrong = ~np.array(plain, dtype=np.bool_) & ~absent
        self.rows_fault(
            "wrong-type",
            column.path,
            wrong,
            lambda row: f"expected text, found {described(objects[row])}",
        )
        return [str(one) if text else None for text, one in zip(plain, objects, strict=True)]

    def _array(self, column: Column) -> tuple[NDArray[Any] | None, Mask | None]:
        """Return a column as an array of H values, and where none is given; or report faults."""
        values = column.values
        if column.single:
            return np.broadcast_to(np.asarray(values), (self.size,)), None
        try:
            array, missing = _plain_array(values)
        except (ValueError, TypeError, OverflowError) as error:
            self.fault("wrong-type", column.path, f"expected one value a host: {error}")
            return None, None
        if array.ndim != 1:
            shown = described(values) if array.ndim == 0 else f"an array of shape {array.shape}"
            self.fault("wrong-type", column.path, f"expected one value a host, found {shown}")
            return None, None
        if not self._right_length(column.path, len(array)):
            return None, None
        return array, missing

    def _right_length(self, path: str, length: int) -> bool:
        if length == self.size:
            return True
        self.fault("out-of-range", path, f"expected {self.size:,} values, found {length:,}")
        return False

    def _wrong_dtype(self, path: str, expected: str, values: NDArray[Any]) -> None:
        if values.dtype.kind == "U" and len(values):
            first = described(str(values[0]))
            self.fault("wrong-type", f"{path}[0]", f"expected {expected}, found {first}")
        else:
            self.fault("wrong-type", path, f"expected {expected}, found {values.dtype}")


def is_arrow(values: object) -> bool:
    """Return whether something is an array of pyarrow, without importing pyarrow."""
    return type(values).__module__.partition(".")[0] == "pyarrow" and hasattr(values, "type")


def class_name(name: object) -> bool:
    """Return whether something may be the name of a resource class, or of a trait."""
    return isinstance(name, str) and len(name) <= MAX_NAME_LENGTH and bool(_CLASS.fullmatch(name))


def factorised(texts: Sequence[str | None]) -> tuple[Ints, list[str]]:
    """Return the number of each text, in the order in which they first occur, and the texts.

    Of None and of empty text, the number is `ABSENT`.
    """
    distinct = dict.fromkeys(texts)
    distinct.pop(None, None)
    distinct.pop("", None)
    names = [one for one in distinct if one is not None]
    code_of: dict[str | None, int] = {name: code for code, name in enumerate(names)}
    code_of[None] = ABSENT
    code_of[""] = ABSENT
    codes = np.fromiter(map(code_of.__getitem__, texts), dtype=np.int64, count=len(texts))
    return codes, names


def renumbered(codes: Ints, names: Sequence[str | None]) -> tuple[Ints, list[str]]:
    """Number texts anew, in the order in which they first occur; the unused are left out.

    Parameters
    ----------
    codes : (H,) int64
        `ABSENT` for none.
    names : sequence of str or None
        They may repeat each other; None and empty text are no names.
    """
    position, distinct = factorised(names)
    # The last element answers for the code -1.
    canonical = np.append(position, ABSENT)[codes]
    first = np.full(len(distinct) + 1, len(codes), dtype=np.int64)
    rows = np.arange(len(codes), dtype=np.int64)
    # Of several assignments to an element, the last holds: in reverse, that is the first row.
    first[canonical[::-1]] = rows[::-1]
    of_names = first[:-1]
    order = np.argsort(of_names, kind="stable")
    order = order[of_names[order] < len(codes)]
    new = np.full(len(distinct) + 1, ABSENT, dtype=np.int64)
    new[order] = np.arange(len(order))
    return new[canonical], [distinct[at] for at in order.tolist()]


def _plain_array(values: Any) -> tuple[NDArray[Any], Mask | None]:
    """Return an array of numpy, and where no value is given. Raises ValueError, TypeError."""
    if is_arrow(values):
        return _array_of_arrow(_one_chunk(values))
    if isinstance(values, np.ma.MaskedArray):
        return np.asarray(values.data), np.ma.getmaskarray(values)
    if isinstance(values, (list, tuple)):
        return _array_of_objects(values)
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
        return np.array(None, dtype=object), None
    array = np.asarray(values)
    if type(array) is not np.ndarray:
        raise TypeError(f"found {described(values)}")
    return array, None


def _array_of_objects(values: Sequence[Any]) -> tuple[NDArray[Any], Mask | None]:
    """Return a list as an array of one dimension, of objects where its values are mixed."""
    kinds = set(map(type, values))
    if kinds in ({int}, {float}, {bool}, {str}):
        try:
            array = np.asarray(values)
        except OverflowError:
            array = np.asarray(values, dtype=object)
        if array.dtype.kind != "U" or "\0" not in "".join(values):
            return array, None
    found = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):
        found[row] = value
    return found, None


def _one_chunk(values: Any) -> Any:
    """Return a chunked array of pyarrow as one array."""
    if hasattr(values, "combine_chunks"):
        values = values.combine_chunks()
    if hasattr(values, "chunks"):  # some types stay chunked
        raise ValueError("the column is too large for one array of pyarrow")
    return values


def _array_of_arrow(values: Any) -> tuple[NDArray[Any], Mask | None]:
    missing: Mask | None = None
    if values.null_count:
        missing = np.asarray(values.is_null().to_numpy(zero_copy_only=False), dtype=np.bool_)
    kind = str(values.type)
    if kind == "null":
        return np.full(len(values), None, dtype=object), missing
    if missing is not None and (kind in {"bool", "halffloat", "float", "double"} or "int" in kind):
        values = values.fill_null(False if kind == "bool" else 0)
    return np.asarray(values.to_numpy(zero_copy_only=False)), missing


def _missing_objects(values: NDArray[Any], missing: Mask | None, *, nan: bool = False) -> Mask:
    """(H,) bool: where an array of objects has no value: None, pandas' NA, maybe NaN.

    `nan` is for texts: pandas writes NaN for a text that is missing.
    """
    absent = np.zeros(len(values), dtype=np.bool_)
    if values.dtype.kind == "O":
        objects = values.tolist()
        gone = [one is None or type(one).__name__ == "NAType" for one in objects]
        if nan:
            pairs = zip(gone, objects, strict=True)
            gone = [no or (isinstance(one, float) and math.isnan(one)) for no, one in pairs]
        absent = np.array(gone, dtype=np.bool_)
    return absent if missing is None else absent | missing


def _float(value: float) -> float:
    """Return a number as a float; one that is too large becomes infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _trait_names(value: object) -> tuple[str, ...] | None:
    """Return the traits of a host, or None where they are neither a list nor text."""
    if isinstance(value, str):
        return tuple(one for one in _SEPARATORS.split(value) if one)
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, Iterable):
        names = tuple(value)
        return names if all(isinstance(one, str) for one in names) else None
    return None


def _sound(name: str) -> bool:
    return len(name) <= MAX_NAME_LENGTH and not _CONTROL.search(name) and _is_text(name)


def _is_text(name: str) -> bool:
    """Return whether a text can be written as UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
