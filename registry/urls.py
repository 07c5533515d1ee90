from django.urls import path

from registry import views

app_name = "registry"
urlpatterns = [
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("admin/login/", views.admin_sign_in, name="admin-sign-in"),
    path("sign-out/", views.SignOut.as_view(), name="sign-out"),
    path("keys/", views.keys, name="keys"),
    path("keys/create/", views.key_create, name="key-create"),
    path("keys/ollama/", views.ollama_key_create, name="ollama-key-create"),
    path("notices/", views.notices, name="notices"),
    path("notices/read/", views.notices_read, name="notices-read"),
    path("notices/<int:pk>/read/", views.notice_read, name="notice-read"),
    path("keys/<int:pk>/revoke/", views.key_revoke, name="key-revoke"),
]
