"""The Word page on the first weeks of new people."""

from __future__ import annotations

from samples.documents.content import Grid, Heading, Items, Page, Text

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
