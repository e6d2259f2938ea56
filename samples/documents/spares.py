"""The workbook of spare parts and labour."""

from __future__ import annotations

from samples.documents.content import Sheet

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
