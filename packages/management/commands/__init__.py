"""`manage.py load_catalog`, `manage.py plan`."""
