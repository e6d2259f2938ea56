"""The slides on the bikes of 2026."""

from __future__ import annotations

from samples.documents.content import SlideText

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
