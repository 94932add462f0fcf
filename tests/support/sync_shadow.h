// A copy of a directory as a power cut would leave it.
//
// kill -9 keeps the page cache, so what survives it proves nothing of what was
// synced. A program that runs with SyncShadowEnv (an LD_PRELOAD library) keeps,
// beside the files of a watched directory, a shadow of them that holds what was
// made durable and nothing else:
// - fsync or fdatasync of a file (and each write to one opened with O_SYNC or
//   O_DSYNC) brings its content of that moment into the shadow, before the call
//   returns;
// - fsync or fdatasync of a directory brings its entries of that moment into the
//   shadow. A file whose entry was never synced is not there, a rename or an
//   unlink whose directory was not synced has not happened.
// A kill in the middle of a sync leaves part of what it was syncing, as a power
// cut does.
//
// It sees open, creat, write, writev, pwrite, pwritev, ftruncate, fsync and
// fdatasync, called through the dynamic linker. It does not see syncfs, msync,
// or writes that bypass these calls to a file already synced once (mmap, and the
// buffers inside libc's FILE, of which it sees the growth of the file only). All
// of these err to the strict side: data is missing from the shadow. Start with an
// empty directory under the library, and run every writer of it under the library.
#ifndef FIELDKMS_TESTS_SUPPORT_SYNC_SHADOW_H_
#define FIELDKMS_TESTS_SUPPORT_SYNC_SHADOW_H_

#include <map>
#include <optional>
#include <string>

namespace fieldkms::testing {

// SyncShadowEnv is what to add to a process's environment so that it keeps the
// shadow of `watched` in `shadow`, which is made if it is not there. Both are
// absolute paths of directories, neither inside the other. With `kill_before_sync`
// N, from 1, the process kills itself (SIGKILL) where it calls the N-th fsync or
// fdatasync of something in `watched`, before anything is synced.
std::map<std::string, std::string> SyncShadowEnv(const std::string& watched,
                                                 const std::string& shadow,
                                                 std::optional<int> kill_before_sync = {});

// MaterializeShadow writes the durable state to the new directory `destination`
// (0700, files 0600). A file that has a durable name and was never synced itself
// is empty. No process may be writing the shadow. Throws std::runtime_error.
void MaterializeShadow(const std::string& shadow, const std::string& destination);

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_SYNC_SHADOW_H_
