"""Build the PDF, DOCX, PPTX and XLSX pages of the sample handbook.

The text of those pages stands in this file, because binary files are awkward to review and to
change. Edit the text here, run the script, and the files under ``samples/handbook/`` are written
anew. All dates inside the files are fixed, so a second run leaves the same bytes.

It needs the packages of the project's ``samples`` extra (fpdf2, python-docx, python-pptx and
openpyxl)::

    pip install -e ".[samples]"
    python samples/build_documents.py

An optional argument names another folder to write to::

    python samples/build_documents.py build/handbook
"""

from __future__ import annotations

import argparse
import re
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from docx import Document
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace
from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet
from pptx import Presentation
from pptx.slide import Slide
from pptx.util import Inches, Pt

COMPANY = "Fernhill Cycles"
DATE = datetime(2025, 11, 3, 9, 0, 0, tzinfo=UTC)
ZIP_DATE = (2025, 11, 3, 9, 0, 0)


@dataclass(frozen=True)
class Heading:
    """A section heading below the title of a page."""

    text: str


@dataclass(frozen=True)
class Text:
    """One paragraph."""

    text: str


@dataclass(frozen=True)
class Items:
    """A bulleted list, or a numbered one."""

    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Grid:
    """A table. The first row is its header; ``widths`` are shares of the page width."""

    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]


Block = Heading | Text | Items | Grid


@dataclass(frozen=True)
class Page:
    """A page of running text, to be written as PDF or DOCX."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook. The first row is its header."""

    title: str
    rows: tuple[tuple[str | int | float, ...], ...]
    widths: tuple[int, ...]


@dataclass(frozen=True)
class SlideText:
    """One slide: a title, then bullets or a table, and what the speaker says."""

    title: str
    bullets: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    notes: str = ""


SAFETY = Page(
    "Health and safety in the workshop",
    (
        Text(
            "These rules hold for everyone who enters the workshop in Ghent or the repair area of "
            "a service point, visitors included. If a job cannot be done safely, stop and fetch "
            "your team lead. Nobody will hold that against you."
        ),
        Heading("What to wear"),
        Text("Safety shoes are worn in every area. Ear plugs hang at the doors. In addition:"),
        Grid(
            (
                ("Area", "Eyes", "Ears", "Hands and body"),
                ("Frame building and brazing", "Shade 5 goggles", "Plugs", "Leather apron, gloves"),
                ("Paint booth", "Full mask", "None", "Overall, nitrile gloves"),
                ("Assembly", "When drilling", "None", "No gloves at turning parts"),
                ("Wheel building", "Safety glasses", "None", "None"),
                ("Wood shop (boxes)", "Safety glasses", "Ear muffs", "Dust mask FFP2"),
                ("Battery room", "Safety glasses", "None", "Insulated gloves, class 0"),
            ),
            (36, 22, 16, 34),
        ),
        Text(
            "Long hair is tied back, and rings and scarves come off before you use a drill, a "
            "lathe or a wheel truing machine."
        ),
        Heading("Lifting"),
        Items(
            (
                (
                    "One person lifts at most 25 kg. A complete Badger weighs 58 kg: use the bench "
                    "lift."
                ),
                "The bench lifts carry 120 kg. They are inspected every March.",
                (
                    "Only people with a yellow card drive the pallet truck. The course takes half "
                    "a day."
                ),
            )
        ),
        Heading("Batteries"),
        Items(
            (
                "Take the battery out before you work on a bike.",
                "Look at it: dents, swelling, a sweet smell or warmth mean that it is suspicious.",
                "Carry a suspicious battery in the sand bucket, not in your arms.",
                "Ring the battery team on extension 4310. They put it in the bunker for 72 hours.",
                "Report it with the incident form. Do so even if nothing happened.",
            ),
            numbered=True,
        ),
        Text(
            "Store batteries at 40% to 60% charge, between 10 and 25 degrees. No more than twelve "
            "lie on one shelf."
        ),
        Heading("Fire"),
        Items(
            (
                "Press the red button and warn the people around you.",
                "Use an extinguisher only if the way out is behind you.",
                "Leave by the nearest door. Do not use the goods lift.",
                (
                    "Meet at the assembly point: the lime tree by the canal in Ghent, the car park "
                    "gate in Bristol, the tram stop in Lyon."
                ),
                "Tell the warden in the orange vest who is missing.",
            ),
            numbered=True,
        ),
        Text("There is a drill twice a year, in April and in October. One of them is unannounced."),
        Heading("Working alone"),
        Text(
            "Nobody works alone with machines after 20:00 or at the weekend. Bench work with hand "
            "tools is allowed if somebody else is in the building and knows of it."
        ),
        Heading("Paint and chemicals"),
        Text(
            "The safety data sheets stand in the white folder next to each cupboard. Rinse eyes "
            "for 15 minutes at the eye wash by the paint booth. The booth fan runs for ten "
            "minutes after the last spraying. Rags with oil go into the metal bin with the lid, "
            "which is emptied every evening."
        ),
        Heading("First aid"),
        Text(
            "There are eight first-aid kits in Ghent, and two in each service point. The "
            "defibrillator hangs at reception. If you use up something, put the empty packet into "
            "the box, so that it is replaced on Monday. First-aiders refresh their training every "
            "two years."
        ),
        Heading("Visitors and children"),
        Text(
            "Visitors wear a blue vest and stay inside the yellow lines. Children under 14 come in "
            "only on the family day. Groups have at most twelve people and one guide."
        ),
    ),
)

WARRANTY = Page(
    "Warranty guide for the support desk",
    (
        Text(
            "This guide says what Fernhill repairs free of charge, for how long, and how to handle "
            "a claim. The warranty comes on top of the customer's rights under the law."
        ),
        Heading("Warranty periods"),
        Text("The period starts on the day of delivery. It counts for the first owner."),
        Grid(
            (
                ("Part", "Private use", "Business use"),
                ("Frame", "7 years", "4 years"),
                ("Fork and steering linkage", "5 years", "3 years"),
                ("Motor", "3 years", "2 years or 30,000 km"),
                ("Battery", "3 years or 600 charges", "2 years or 600 charges"),
                ("Display and wiring", "2 years", "1 year"),
                ("Box, benches and canopy", "2 years", "1 year"),
                ("Paint", "18 months", "9 months"),
                ("Rims and hubs", "2 years", "1 year"),
                ("Brake pads, tyres, chains", "6 months", "None"),
            ),
            (40, 34, 34),
        ),
        Text(
            "A battery counts as worn too early if it holds less than 65% of its first capacity "
            "within the period. The dealer tool shows the figure."
        ),
        Heading("Not covered"),
        Items(
            (
                "Rust after the bike was stored by the sea or washed with a pressure washer.",
                "Damage from loads above the limit on the frame sticker.",
                "Motors that were tuned, and batteries that were opened.",
                "Parts of other makers that were fitted later.",
                "Normal wear, and everything caused by an accident.",
            )
        ),
        Heading("Handling a claim"),
        Items(
            (
                "Find the bike in Harbour by its frame number. It stands under the bottom bracket.",
                "Ask for the purchase receipt, three photos and the distance on the display.",
                "Open a case of the type Warranty. The number begins with WA.",
                "Decide within 5 working days, or tell the customer why it takes longer.",
                "Send the part, or book the bike in at a service point or dealer.",
                "Ask for the old part back if it costs more than EUR 80. We pay the postage.",
                "Close the case when the customer says that the bike is working.",
            ),
            numbered=True,
        ),
        Heading("Who may decide"),
        Text(
            "An agent decides on claims of up to EUR 300 in parts and labour. The desk lead "
            "decides up to EUR 1,200. Everything above goes to the weekly technical meeting, on "
            "Wednesdays at 14:00."
        ),
        Heading("Goodwill after the period"),
        Text(
            "If a part fails within three months after the end of its period, and the bike has its "
            "service stamps, an agent may give up to EUR 150 towards the repair, and the desk lead "
            "up to EUR 400. Write the reason into the case. Goodwill is not given for wear parts."
        ),
        Heading("Second owners"),
        Text(
            "The rest of the frame warranty can be passed on to a second owner. The new owner "
            "registers within 60 days of buying the bike and pays EUR 40. No other part is covered "
            "after a sale."
        ),
        Heading("Dealers"),
        Text(
            "A dealer who does a warranty repair is paid EUR 52 an hour, by the times in the "
            "labour sheet of the spare-part list. Dealers send their bill within 45 days. Bills "
            "without a WA number go back."
        ),
    ),
)

ONBOARDING = Page(
    "Your first three months",
    (
        Text(
            "Welcome to Fernhill Cycles. This page tells you what happens from the day you sign "
            "to the end of your third month. Your buddy knows the rest."
        ),
        Heading("Before you start"),
        Items(
            (
                (
                    "Send your bank details, an identity document and a photo for the badge "
                    "through the link in your welcome e-mail, at least ten days before your first "
                    "day."
                ),
                "Tell us your shoe size and overall size if you will work in the workshop.",
                "Tell us if you need anything adapted: a desk, a screen, the way to your place.",
            )
        ),
        Heading("The first day"),
        Items(
            (
                "Come to reception at 09:30. In the workshop you start at 08:00 from day two.",
                "Get your badge, your security key and your printed recovery codes.",
                "Collect your laptop from IT, or set your PIN at a workshop terminal.",
                "Walk round the site with your buddy, fire exits first.",
                "Lunch with your team. Fernhill pays.",
                "Test ride of all three models on the track behind the Canal hall.",
            ),
            numbered=True,
        ),
        Heading("The first month"),
        Grid(
            (
                ("When", "What", "With whom"),
                ("Day 2", "Safety course, two hours, with a short test", "Safety coordinator"),
                ("Day 3", "Perch, Tally and chat", "Buddy"),
                ("Week 1", "Build a wheel yourself", "Wheel team"),
                ("Week 2", "Half a day on the support desk, listening", "Desk lead"),
                ("Week 3", "Privacy and security course, online, 40 minutes", "IT"),
                ("Week 4", "First talk about how it is going", "Team lead"),
            ),
            (18, 54, 36),
        ),
        Text(
            "Everyone, from the accountant to the welder, spends two days in assembly in the first "
            "eight weeks. You will never look at a bike in the same way again."
        ),
        Heading("Your buddy"),
        Text(
            "Your buddy is a colleague from another team who has been here for at least a year. "
            "You meet once a week for the first six weeks. Buddies have two hours a week for it, "
            "and a lunch budget of €60 in total."
        ),
        Heading("Trial time"),
        Items(
            (
                "Bristol: six months, with one month's notice on both sides.",
                "Lyon: three months, or four for managers.",
                (
                    "Ghent: there is no trial time by law. We have a review after three months "
                    "instead."
                ),
            )
        ),
        Text(
            "There are talks after four weeks, after eight weeks and at the end of month three. "
            "There should be no surprise in the last one."
        ),
        Heading("The staff bike"),
        Text(
            "After three months you may buy one Fernhill bike with 25% off, and another every two "
            "years. You may pay in up to 24 monthly instalments. For family and friends there is a "
            "code for 10% off, which can be used three times a year. The bike is for your own "
            "use: do not sell it within the first year."
        ),
        Heading("Whom to ask"),
        Items(
            (
                "Contract, leave, pay: people@fernhill.example or extension 4110.",
                "Computer and phone: #it-help or extension 4200.",
                "Building, badge, parking: reception on extension 4100.",
                "Everything else: your buddy, or #new-here.",
            )
        ),
        Text("The list of all pages is at https://intranet.fernhill.example/handbook."),
    ),
)

LAPTOPS = Page(
    "Laptops, phones and their replacement",
    (
        Text(
            "Everyone gets the tools the job needs. This page says which model you get, when it is "
            "replaced and what to do if it breaks or is gone."
        ),
        Heading("Which device and for how long"),
        Grid(
            (
                ("Group", "Device", "Replaced after"),
                ("Office and support", "14-inch laptop, 16 GB memory", "4 years"),
                ("Engineering and design", "16-inch laptop, 64 GB memory", "3 years"),
                ("Workshop cells", "Shared rugged tablet", "5 years"),
                ("Service points", "Shared laptop and label printer", "4 years"),
                ("On-call and field staff", "Phone", "3 years"),
            ),
            (34, 46, 28),
        ),
        Text(
            "The time counts from the day of delivery, which is on the sticker under the device. "
            "IT writes to you two months before. You need not ask."
        ),
        Heading("How the exchange works"),
        Items(
            (
                "Choose the keyboard layout (Belgian, British or French) in the e-mail from IT.",
                "The new laptop arrives about 15 working days later.",
                "Make sure that your files are in the team folder. The desktop is not copied.",
                "Come to IT, or to the service point lead. The exchange takes 45 minutes.",
                "Keep the old laptop for seven days, then hand it in with its charger.",
            ),
            numbered=True,
        ),
        Heading("Buying the old one"),
        Text(
            "You may buy your old laptop for €90 after IT has wiped it. There is no guarantee on "
            "it. Those that nobody wants go to a school project in Ghent. Phones and tablets are "
            "not sold."
        ),
        Heading("Earlier replacement"),
        Text(
            "If your device is too slow for your work, ask in #it-help. IT measures for a week. "
            "If more memory solves it, you get that. A replacement before the time needs the "
            "consent of your department head, as it is paid from the department's budget."
        ),
        Heading("Broken"),
        Items(
            (
                "Stop using it if it is wet, hot or swollen.",
                "Bring it to IT, or post it from Bristol or Lyon in the grey box.",
                (
                    "You get a loan laptop the same day in Ghent, and within two working days "
                    "elsewhere."
                ),
            ),
        ),
        Text(
            "Accidents happen: the first repair is on us. If the same thing happens again within "
            "twelve months, your team lead will want a word with you. Nothing is taken off your "
            "pay."
        ),
        Heading("Lost or stolen"),
        Text(
            "Ring extension 4200 within one hour of noticing it, day or night. IT locks the "
            "device from afar. In case of theft go to the police and send the report number to "
            "security@fernhill.example within three days. A new device comes within five working "
            "days."
        ),
        Heading("Extras"),
        Text(
            "Headset, mouse and keyboard come with the laptop. A second screen is for people who "
            "use the drawing programs. Order extras at https://intranet.fernhill.example/it/shop. "
            "Items of up to €80 need no approval."
        ),
        Heading("Leaving"),
        Text("Hand in everything on your last working day. Your account is closed at 18:00."),
    ),
)

RANGE = (
    SlideText(
        "The 2026 range",
        ("Internal training for support, sales and service points", "Prices with Belgian VAT"),
        notes="Use these slides in the second week of onboarding. They take half an hour.",
    ),
    SlideText(
        "Who we are",
        (
            "Founded in Ghent in 2011, with one frame jig in a former bakery",
            "142 people: 98 in Ghent, 24 in Bristol, 20 in Lyon",
            "6,200 bikes built in 2025, of which a third for businesses",
            "Frames are brazed and painted in Ghent; motors and batteries are bought in",
        ),
        notes="Customers often ask whether the bikes are made in Europe. Frame, box and paint are.",
    ),
    SlideText(
        "Three models",
        table=(
            ("Model", "Kind", "Load", "Weight", "Range", "Price"),
            ("Wren", "Longtail", "80 kg + rider", "29 kg", "70 km", "€4,490"),
            ("Heron", "Two-wheeler with front box", "100 kg + rider", "38 kg", "60 km", "€5,890"),
            (
                "Heron Plus",
                "The same, two batteries",
                "100 kg + rider",
                "42 kg",
                "115 km",
                "€6,790",
            ),
            (
                "Badger",
                "Three-wheeler with front box",
                "180 kg + rider",
                "58 kg",
                "50 km",
                "€7,650",
            ),
        ),
        notes="The range is measured with half the load, in the city, at 15 degrees.",
    ),
    SlideText(
        "Which bike for whom",
        (
            "Wren: up to two children from 1 year, small lift, carried on a bike rack of a train",
            "Heron: up to three children, fits through a door 75 cm wide",
            "Badger: trades and bakeries, 310 litre box that can be locked",
            "Riders between 1.55 m and 1.95 m; below that, order the short seat post",
        ),
        notes="Never sell a Badger to someone who rides fast bends. Let them try it first.",
    ),
    SlideText(
        "What is new in 2026",
        (
            "Belt drive is standard on the Heron; the Wren keeps its chain",
            "Batteries are the same on all models: 540 Wh, 4.5 hours from empty to full",
            "New colours: Moss, Brick and Night blue. Custom paint costs €390",
            "The rain canopy fits without tools",
        ),
    ),
    SlideText(
        "Delivery and service",
        (
            "Standard colours: 3 to 4 weeks. Custom paint: 9 weeks",
            "First service after 300 km or three months, free at our service points",
            "Then once a year or every 2,000 km: €145 for two wheels, €175 for the Badger",
            "A deposit of 20% is due with the order",
        ),
        notes="Business customers with five bikes or more get visits by the mobile mechanic.",
    ),
    SlideText(
        "Questions that customers ask",
        (
            "Can I fit a child seat? Yes, one on the rear carrier of the Heron, two on the Wren",
            "Can I leave it in the rain? Yes, but take the display off and cover the saddle",
            "How fast is it? The motor helps up to 25 km/h",
            "Can I take it on a plane? No, because of the battery",
        ),
        notes="For prices of parts see the spare-part list. For warranty see the warranty guide.",
    ),
)

SPARES = (
    Sheet(
        "Spare parts",
        (
            ("Part no", "Part", "Fits", "Price EUR", "Price GBP", "Stock kept in"),
            ("BA-540", "Battery 540 Wh", "all models", 620, 545, "Ghent, Bristol, Lyon"),
            ("BA-CHG4", "Charger 4 A", "all models", 118, 104, "Ghent, Bristol, Lyon"),
            (
                "BA-LATCH",
                "Battery latch with spring",
                "all models",
                14.5,
                12.5,
                "Ghent, Bristol, Lyon",
            ),
            ("MO-85", "Motor 85 Nm", "Heron, Badger", 790, 695, "Ghent"),
            ("MO-65", "Motor 65 Nm", "Wren", 640, 565, "Ghent"),
            ("DI-02", "Display with mount", "all models", 96, 84.5, "Ghent, Bristol, Lyon"),
            ("BR-PAD", "Brake pads, pair", "all models", 19.5, 17, "Ghent, Bristol, Lyon"),
            ("BR-DISC180", "Brake disc 180 mm", "Wren, Heron", 34, 30, "Ghent, Bristol, Lyon"),
            ("BR-DISC203", "Brake disc 203 mm", "Badger", 41, 36, "Ghent, Lyon"),
            ("BR-LEVPK", "Brake lever with parking lock", "Badger", 57, 50, "Ghent"),
            ("TY-20", "Tyre 20 inch", "all models, front", 38.5, 34, "Ghent, Bristol, Lyon"),
            ("TY-26", "Tyre 26 inch", "Heron, Badger, rear", 42, 37, "Ghent, Bristol, Lyon"),
            ("TU-20", "Inner tube 20 inch", "all models", 7.5, 6.5, "Ghent, Bristol, Lyon"),
            ("TU-26", "Inner tube 26 inch", "Heron, Badger", 8, 7, "Ghent, Bristol, Lyon"),
            ("DR-BELT", "Drive belt", "Heron from 2026", 92, 81, "Ghent, Bristol"),
            ("DR-CHAIN", "Chain, 9-speed", "Wren, Badger", 27, 23.5, "Ghent, Bristol, Lyon"),
            ("ST-LINK", "Steering linkage rod", "Heron", 64, 56, "Ghent"),
            ("ST-CABLE", "Steering cable set", "Badger", 73, 64, "Ghent"),
            ("BX-HERON", "Wooden box, complete", "Heron", 345, 305, "Ghent"),
            ("BX-BENCH", "Bench with two belts", "Heron, Badger", 129, 113, "Ghent, Bristol"),
            ("BX-CANOPY", "Rain canopy", "Heron from 2026", 235, 207, "Ghent, Bristol, Lyon"),
            ("BX-LOCK", "Box lock with two keys", "Badger", 48, 42, "Ghent"),
            ("KS-02", "Double kickstand", "Wren, Heron", 88, 77.5, "Ghent, Bristol, Lyon"),
            ("LI-FRONT", "Front light 80 lux", "all models", 69, 61, "Ghent, Bristol, Lyon"),
            (
                "LI-REAR",
                "Rear light with brake light",
                "all models",
                31,
                27.5,
                "Ghent, Bristol, Lyon",
            ),
            ("SP-SHORT", "Seat post, short", "all models", 29, 25.5, "Ghent"),
            ("TP-MOSS", "Touch-up pen Moss", "all models", 9.5, 8.5, "Ghent"),
        ),
        (14, 32, 24, 12, 12, 24),
    ),
    Sheet(
        "Labour",
        (
            ("Job", "Minutes Wren", "Minutes Heron", "Minutes Badger"),
            ("Change brake pads, one wheel", 20, 20, 25),
            ("Change rear tyre", 35, 40, 50),
            ("Change motor", 75, 85, 95),
            ("Change display", 15, 15, 15),
            ("Change steering linkage or cables", "not fitted", 55, 80),
            ("Change drive belt or chain", 25, 45, 30),
            ("Change box", "not fitted", 60, 110),
            ("First service", 45, 50, 60),
            ("Yearly service", 90, 100, 130),
        ),
        (36, 16, 16, 16),
    ),
    Sheet(
        "Notes",
        (
            ("Topic", "Rule"),
            ("Prices", "With VAT, for private customers, valid from 1 January 2026."),
            ("Dealers", "30% off the price, except batteries and motors: 18% off."),
            ("Staff", "40% off spare parts for your own bike, not for resale."),
            ("Hourly rate", "EUR 68 in Ghent, EUR 74 in Lyon, GBP 62 in Bristol."),
            ("Postage", "EUR 6.50 up to 5 kg, EUR 14 above. Free from EUR 150."),
            (
                "Batteries",
                "Sent by special carrier only, EUR 25. Old one comes back in the same box.",
            ),
            ("Availability", "Spare parts are kept for 10 years after the last bike of a model."),
            (
                "Out of stock",
                "Ghent builds up stock every second Tuesday. Order before 12:00 on Monday.",
            ),
            ("Price list questions", "Ask in #spare-parts or write to parts@fernhill.example."),
        ),
        (24, 80),
    ),
)


class HandbookPdf(FPDF):
    """An A4 page with the company's name above and the page number below."""

    def header(self) -> None:
        """Write the running head."""
        self.set_font("Helvetica", size=8)
        self.set_text_color(110)
        self.cell(0, 6, f"{COMPANY} handbook", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_text_color(0)
        self.ln(3)

    def footer(self) -> None:
        """Write the page number."""
        self.set_y(-15)
        self.set_font("Helvetica", size=8)
        self.cell(0, 8, f"Page {self.page_no()}", align="C")


def pdf_block(pdf: FPDF, block: Block) -> None:
    """Write one block of a page at the current place of the PDF."""
    match block:
        case Heading(text):
            if pdf.will_page_break(30):
                pdf.add_page()
            pdf.ln(2)
            pdf.set_font("Helvetica", style="B", size=13)
            pdf.start_section(text, level=1)
            pdf_line(pdf, text, 7)
        case Text(text):
            pdf_line(pdf, text)
            pdf.ln(2)
        case Items(items, numbered):
            for number, item in enumerate(items, start=1):
                pdf_line(pdf, f"{number}. {item}" if numbered else f"- {item}", indent=4)
            pdf.ln(2)
        case Grid(rows, widths):
            pdf_table(pdf, rows, widths)


def pdf_line(pdf: FPDF, text: str, height: float = 5.5, indent: float = 0) -> None:
    """Write one paragraph, and go back to the normal font afterwards."""
    pdf.set_x(pdf.l_margin + indent)
    pdf.multi_cell(0, height, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.set_font("Helvetica", size=10.5)


def pdf_table(pdf: FPDF, rows: tuple[tuple[str, ...], ...], widths: tuple[int, ...]) -> None:
    """Write a table with a bold header row."""
    style = FontFace(emphasis="BOLD", fill_color=(226, 232, 222))
    with pdf.table(rows, col_widths=widths, headings_style=style, line_height=6, text_align="LEFT"):
        pass
    pdf.ln(3)


def build_pdf(page: Page) -> bytes:
    """Return the page as a PDF file."""
    pdf = HandbookPdf(format="A4")
    pdf.set_margin(20)
    pdf.set_auto_page_break(True, margin=20)
    pdf.set_title(page.title)
    pdf.set_author(COMPANY)
    pdf.set_lang("en")
    pdf.set_creation_date(DATE)
    pdf.add_page()
    pdf.set_font("Helvetica", style="B", size=18)
    pdf.start_section(page.title)
    pdf_line(pdf, page.title, 9)
    pdf.ln(2)
    for block in page.blocks:
        pdf_block(pdf, block)
    return bytes(pdf.output())


def build_docx(page: Page) -> bytes:
    """Return the page as a Word file."""
    document = Document()
    document.add_heading(page.title, level=1)
    for block in page.blocks:
        match block:
            case Heading(text):
                document.add_heading(text, level=2)
            case Text(text):
                document.add_paragraph(text)
            case Items(items, numbered):
                for item in items:
                    document.add_paragraph(item, "List Number" if numbered else "List Bullet")
            case Grid(rows, _):
                table = document.add_table(rows=0, cols=len(rows[0]), style="Light Grid Accent 3")
                for row in rows:
                    for cell, text in zip(table.add_row().cells, row, strict=True):
                        cell.text = text
    set_properties(document.core_properties, page.title)
    out = BytesIO()
    document.save(out)
    return fix_dates(out.getvalue())


def build_pptx(slides: tuple[SlideText, ...]) -> bytes:
    """Return the slides as a PowerPoint file."""
    deck = Presentation()
    for number, text in enumerate(slides):
        layout = 0 if number == 0 else 5 if text.table else 1
        slide = deck.slides.add_slide(deck.slide_layouts[layout])
        slide.shapes.title.text = text.title
        if text.table:
            add_slide_table(slide, text.table)
        else:
            frame = slide.placeholders[1].text_frame
            frame.text = text.bullets[0]
            for bullet in text.bullets[1:]:
                frame.add_paragraph().text = bullet
        if text.notes:
            slide.notes_slide.notes_text_frame.text = text.notes
    set_properties(deck.core_properties, slides[0].title)
    out = BytesIO()
    deck.save(out)
    return fix_dates(out.getvalue())


def add_slide_table(slide: Slide, rows: tuple[tuple[str, ...], ...]) -> None:
    """Put a table below the title of a slide."""
    shape = slide.shapes.add_table(
        len(rows), len(rows[0]), Inches(0.4), Inches(1.8), Inches(9.2), Inches(3.5)
    )
    for row, texts in zip(shape.table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
            cell.text_frame.paragraphs[0].font.size = Pt(14)


def build_xlsx(title: str, sheets: tuple[Sheet, ...]) -> bytes:
    """Return the sheets as an Excel file."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for sheet in sheets:
        fill_sheet(book.create_sheet(sheet.title), sheet)
    book.properties.title = title
    book.properties.creator = COMPANY
    book.properties.created = DATE.replace(tzinfo=None)
    out = BytesIO()
    book.save(out)
    return fix_dates(out.getvalue())


def fill_sheet(target: Worksheet, sheet: Sheet) -> None:
    """Write the rows of one sheet, with a header row that stays in view."""
    for row in sheet.rows:
        target.append(row)
    for cell, width in zip(target[1], sheet.widths, strict=True):
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="E2E8DE")
        target.column_dimensions[cell.column_letter].width = width
    target.freeze_panes = "A2"


def set_properties(properties: object, title: str) -> None:
    """Set the title, author and dates of a Word or PowerPoint file."""
    values = {
        "title": title,
        "author": COMPANY,
        "last_modified_by": COMPANY,
        "comments": "",
        "keywords": "handbook",
        "revision": 1,
        "created": DATE.replace(tzinfo=None),
        "modified": DATE.replace(tzinfo=None),
    }
    for name, value in values.items():
        setattr(properties, name, value)


def fix_dates(data: bytes) -> bytes:
    """Return an Office file again with fixed dates, so that a rerun gives the same bytes."""
    modified = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
    stamp = DATE.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = modified.sub(rb"\g<1>" + stamp, content)
            info = zipfile.ZipInfo(name, date_time=ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            new.writestr(info, content)
    return out.getvalue()


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
