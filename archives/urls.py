"""Addresses of ``archives``."""

from django.urls import URLPattern, URLResolver, path

from archives import delivery_views, keeping_views, public_views, transfer_views, views

app_name = "archives"

urlpatterns: list[URLPattern | URLResolver] = [
    path("q/<str:token>/", public_views.public_page, name="public"),
    path("projects/<int:pk>/card/", views.project_card, name="project_card"),
    path("projects/<int:pk>/card/pdf/", views.card_pdf, name="card_pdf"),
    path("projects/<int:pk>/card/pdf/<str:form>/", views.code_form, name="code_form"),
    path("projects/<int:pk>/card/reissue/", views.card_reissue, name="card_reissue"),
    path("projects/<int:pk>/card/void/", views.card_void, name="card_void"),
    path("projects/<int:pk>/archive/", views.archive, name="archive"),
    path("projects/<int:pk>/archive/file/", views.archive_file, name="archive_file"),
    path("documents/<int:pk>/", views.document_file, name="document"),
    path("documents/<int:pk>/versions/", views.document_version, name="document_version"),
    path("papers/<int:pk>/", views.paper, name="paper"),
    path("projects/<int:pk>/notices/", delivery_views.notices, name="notices"),
    path("notices/sign/", delivery_views.sign_many, name="sign_many"),
    path("papers/<int:pk>/sign/", delivery_views.sign, name="sign"),
    path("papers/<int:pk>/hand-over/", delivery_views.hand_over, name="hand_over"),
    path("papers/<int:pk>/pdf/", views.paper_pdf, name="paper_pdf"),
    path("projects/<int:pk>/archive/transfer/", transfer_views.transfer, name="transfer"),
    path("projects/<int:pk>/archive/volume/", transfer_views.volume, name="volume"),
    path("archives/transfers/", transfer_views.transfer_list, name="transfers"),
    path("archives/transfers/<int:pk>/return/", transfer_views.transfer_return, name="transfer_return"),
    path("archives/transfers/<int:pk>/<str:step>/", transfer_views.transfer_step, name="transfer_step"),
    path("archives/bundles/<int:pk>/", transfer_views.bundle_file, name="bundle"),
    path("projects/<int:pk>/asof/", keeping_views.as_of, name="asof"),
    path("archives/search/", keeping_views.search, name="search"),
    path("archives/integrity/", keeping_views.integrity, name="integrity"),
    path("documents/<int:pk>/checks/", keeping_views.document_checks, name="document_checks"),
    path("verify/", public_views.verify, name="verify"),
]
