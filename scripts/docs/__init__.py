"""Makes what the documents show: diagrams and tables from the code, pictures from the running kiosk."""
