"""Which program this is: reported to headquarters, shown to technicians."""

SOFTWARE = "0.1.0"
