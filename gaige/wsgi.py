"""WSGI application of the portal."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gaige.settings")

application = get_wsgi_application()
# a page makes thousands of objects that go with it; what is loaded by now stays and is not looked through each time
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 50)
