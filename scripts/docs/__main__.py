"""`python -m scripts.docs [text|pictures]`: diagrams and tables from the code, or pictures from the running kiosk."""
from scripts.docs import pictures
from pathlib import Path
import sys
pictures.take(Path("docs/pictures"))
