#include "postgres.h"

#include "utils/guc.h"

#include "sql/extension/settings.h"

char* kms_socket_path;
char* kms_shim_user;
char* kms_tenant;
int kms_timeout_ms;
unsigned kms_endpoint_epoch;

static void endpoint_is_set(const char* value, void* extra) {
  (void)value;
  (void)extra;
  ++kms_endpoint_epoch;
}

void kms_define_settings(void) {
  DefineCustomStringVariable("fieldkms.socket", "Path of the Unix socket of fieldkms-shim.", NULL,
                             &kms_socket_path, "/run/fieldkms/shim.sock", PGC_SIGHUP,
                             GUC_SUPERUSER_ONLY, NULL, endpoint_is_set, NULL);
  DefineCustomStringVariable(
      "fieldkms.shim_user", "User that fieldkms-shim runs as.",
      "Empty: root, or the user that this server runs as. Another owner is sent nothing.",
      &kms_shim_user, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY, NULL, endpoint_is_set, NULL);
  DefineCustomStringVariable("fieldkms.tenant", "Tenant whose keys and fields are meant.",
                             "Empty: the one that the shim's rules name for database and role.",
                             &kms_tenant, "", PGC_USERSET, 0, NULL, NULL, NULL);
  DefineCustomIntVariable("fieldkms.timeout", "How long one answer of fieldkms-shim may take.",
                          NULL, &kms_timeout_ms, 10000, 1, 3600 * 1000, PGC_USERSET, GUC_UNIT_MS,
                          NULL, NULL, NULL);
#if PG_VERSION_NUM >= 150000
  MarkGUCPrefixReserved("fieldkms");
#else
  EmitWarningsOnPlaceholders("fieldkms");
#endif
}
