"""Build the PDF, DOCX, PPTX and XLSX pages of the sample handbook.

The text of those pages stands in ``samples/documents/``, because binary files are awkward to review
and to change. Edit the text there, run the script, and the files under ``samples/handbook/`` are
written anew. All dates inside the files are fixed, so a second run leaves the same bytes.

It needs the packages of the project's ``samples`` extra (fpdf2, python-docx, python-pptx and
openpyxl)::

    pip install -e ".[samples]"
    python -m samples.build_documents

An optional argument names another folder to write to::

    python -m samples.build_documents build/handbook
"""

from __future__ import annotations

import argparse
from pathlib import Path

from samples.documents.laptops import LAPTOPS
from samples.documents.onboarding import ONBOARDING
from samples.documents.pdf import build_pdf
from samples.documents.product_range import RANGE
from samples.documents.safety import SAFETY
from samples.documents.sheets import build_xlsx
from samples.documents.slides import build_pptx
from samples.documents.spares import SPARES
from samples.documents.warranty import WARRANTY
from samples.documents.word import build_docx


def build_all() -> dict[str, bytes]:
    """Return every binary page of the handbook by its path."""
    return {
        "workshop/health-and-safety.pdf": build_pdf(SAFETY),
        "support/warranty-guide.pdf": build_pdf(WARRANTY),
        "people/onboarding.docx": build_docx(ONBOARDING),
        "it/laptop-refresh.docx": build_docx(LAPTOPS),
        "product/range-2026.pptx": build_pptx(RANGE),
        "workshop/spare-part-prices.xlsx": build_xlsx("Spare-part prices 2026", SPARES),
    }


def main() -> None:
    """Write the files below the folder named on the command line."""
    parser = argparse.ArgumentParser(description="Build the binary pages of the sample handbook.")
    default = Path(__file__).resolve().parent / "handbook"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    folder: Path = parser.parse_args().folder
    for name, data in build_all().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        print(f"{path}: {len(data)} bytes")


if __name__ == "__main__":
    main()
