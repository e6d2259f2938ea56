"""The Word page on when laptops are replaced."""

from __future__ import annotations

from samples.documents.content import Grid, Heading, Items, Page, Text

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
