"""The PDF on health and safety in the workshop."""

from __future__ import annotations

from samples.documents.content import Grid, Heading, Items, Page, Text

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
