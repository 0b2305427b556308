"""An audit as one HTML file: verdict, charts, tables to sort, the worst pictures; in English and Chinese."""
