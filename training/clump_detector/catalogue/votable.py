"""A clump catalogue as VOTable 1.4, TABLEDATA, as TOPCAT and astropy read it.

The header is astropy's own, of a table without rows; the rows are written in columns by
Arrow, since one value at a time would take minutes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from .arrow import arrow_table, chunks
from .builder import Catalogue
from .columns import Column

if TYPE_CHECKING:
    from astropy.io.votable.tree import Field, VOTableFile

_DATATYPES = {"float": "double", "int": "long", "bool": "boolean"}

#: Columns whose positions are those of the ICRS.
_ON_SKY = ("pos.eq.ra", "pos.eq.dec")


def write_votable(catalogue: Catalogue, path: Path) -> None:
    """Write a VOTable; an empty cell is missing, as the standard has it.

    Parameters
    ----------
    catalogue : Catalogue
    path : path
    """
    head, tail = _frame(catalogue)
    with path.open("wb") as file:
        file.write(head)
        for rows in chunks(catalogue):
            file.write(_rows(catalogue, rows))
        file.write(tail)


def _frame(catalogue: Catalogue) -> tuple[bytes, bytes]:
    """Return what comes before and after the rows."""
    import io

    from astropy.io.votable.tree import (
        CooSys,
        Info,
        Resource,
        TableElement,
        VOTableFile,
    )

    votable = VOTableFile(version="1.4")
    resource = Resource(type="results")
    what = catalogue.name.capitalize()
    resource.description = f"{what} measured with napari-clumps"
    votable.resources.append(resource)
    resource.coordinate_systems.append(CooSys(ID="icrs", system="ICRS"))
    for number, (key, value) in enumerate(_flat(catalogue.meta), start=1):
        resource.infos.append(Info(ID=f"info{number}", name=key, value=value))
    table = TableElement(votable, name=catalogue.name)
    table._nrows = len(catalogue)
    resource.tables.append(table)
    table.fields.extend(
        _field(votable, column, catalogue, number)
        for number, column in enumerate(catalogue.columns, start=1)
    )
    table.create_arrays(0)
    out = io.BytesIO()
    votable.to_xml(out)
    text = out.getvalue()
    index = text.rindex(b"</TABLE>")
    start = text.rfind(b"\n", 0, index) + 1
    head = text[:start] + b"   <DATA>\n    <TABLEDATA>\n"
    return head, b"    </TABLEDATA>\n   </DATA>\n" + text[start:]


def _field(
    votable: VOTableFile, column: Column, catalogue: Catalogue, number: int
) -> Field:
    from astropy.io.votable.tree import Field

    given: dict[str, str] = {"ID": _xml_id(column.name, number), "name": column.name}
    if column.kind == "text":
        plain = all(
            value is None or value.isascii() for value in catalogue.values[column.name]
        )
        given |= {"datatype": "char" if plain else "unicodeChar", "arraysize": "*"}
    else:
        given["datatype"] = _DATATYPES[column.kind]
    if column.unit:
        given["unit"] = column.unit
    if column.ucd:
        given["ucd"] = column.ucd
    if column.ucd.startswith(_ON_SKY):
        given["ref"] = "icrs"
    field = Field(votable, **given)
    field.description = column.description
    return field


def _xml_id(name: str, number: int) -> str:
    """Return a name as XML lets an ID be, with its number where it is changed."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name):
        return name
    return f"column_{number}_{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}"


def _flat(meta: Mapping[str, object], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in meta.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key} ")
        else:
            yield f"{before}{key}", str(value)


def _rows(catalogue: Catalogue, rows: slice) -> bytes:
    """Return some rows as XML."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = arrow_table(catalogue, rows)
    cells = []
    for column in catalogue.columns:
        values = table[column.name].combine_chunks()
        if column.kind == "text":
            texts = [None if v is None else _escaped(v) for v in values.to_pylist()]
            values = pa.array(texts, pa.string())
        elif column.kind == "bool":
            values = pc.if_else(values, "T", "F")
        else:
            values = pc.cast(values, pa.string())
        cells.append(pc.fill_null(values, ""))
    lines = pc.binary_join_element_wise(*cells, "</TD><TD>")
    wrapped = pc.binary_join_element_wise("<TR><TD>", lines, "</TD></TR>\n", "")
    return "".join(wrapped.to_pylist()).encode()


#: Characters that XML 1.0 cannot hold.
_NOT_IN_XML = {n: None for n in range(32) if chr(n) not in "\t\n\r"}


def _escaped(text: str) -> str:
    return escape(text.translate(_NOT_IN_XML))
