/*
 * The settings of the extension. None holds a secret: settings are shown, logged and dumped.
 */
#ifndef FIELDKMS_SQL_EXTENSION_SETTINGS_H_
#define FIELDKMS_SQL_EXTENSION_SETTINGS_H_

/* fieldkms.socket: where the shim listens. Of the server's configuration only: whoever could set
   it in a session could have values sent to a process of their own. */
extern char* kms_socket_path;
/* fieldkms.shim_user: whom the shim's socket has to belong to, a name or a number; "": root, or
   the user that the server runs as. */
extern char* kms_shim_user;
/* fieldkms.tenant: whose keys and fields are meant. A claim: the shim has rules which database and
   role may act for which tenant. "": there is none, and nothing can be called. */
extern char* kms_tenant;
/* fieldkms.timeout: milliseconds that one answer may take. */
extern int kms_timeout_ms;

/* Another number whenever one of the first two was set: a connection made before goes elsewhere. */
extern unsigned kms_endpoint_epoch;

/* Makes them known; to be called once, when the library is loaded. */
void kms_define_settings(void);

#endif /* FIELDKMS_SQL_EXTENSION_SETTINGS_H_ */
