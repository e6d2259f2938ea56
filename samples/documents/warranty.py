"""The PDF guide to the warranty."""

from __future__ import annotations

from samples.documents.content import Grid, Heading, Items, Page, Text

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
