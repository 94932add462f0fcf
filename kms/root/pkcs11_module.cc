#include "kms/root/pkcs11_module.h"

#include <dlfcn.h>

#include <map>
#include <string>

#include "crypto/status.h"
#include "kms/root/pkcs11_error.h"

namespace fieldkms {
namespace {

absl::StatusOr<CK_FUNCTION_LIST*> FunctionsOf(const std::string& path) {
  // A path, lest the search path of the linker decide which library wraps keys.
  if (!path.starts_with('/')) return Pkcs11Misfit("the PKCS#11 module is no absolute path");
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* why = dlerror();
    return Pkcs11Misfit("cannot load the PKCS#11 module: " +
                        std::string(why != nullptr ? why : "no reason given"));
  }
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  CK_FUNCTION_LIST* functions = nullptr;
  if (get == nullptr || get(&functions) != CKR_OK || functions == nullptr) {
    return Pkcs11Misfit(path + " is not a PKCS#11 module: it gives no C_GetFunctionList");
  }
  if (functions->version.major != CRYPTOKI_VERSION_MAJOR) {
    return Pkcs11Misfit(path + " does not speak PKCS#11 2");
  }
  return functions;
}

}  // namespace

absl::StatusOr<std::shared_ptr<Pkcs11Module>> Pkcs11Module::Load(const std::string& path) {
  FIELDKMS_ASSIGN_OR_RETURN(CK_FUNCTION_LIST * functions, FunctionsOf(path));
  static std::mutex mutex;
  static std::map<const CK_FUNCTION_LIST*, std::weak_ptr<Pkcs11Module>> modules;
  const std::lock_guard lock(mutex);
  std::weak_ptr<Pkcs11Module>& known = modules[functions];
  std::shared_ptr<Pkcs11Module> module = known.lock();
  if (module == nullptr) {
    module = std::make_shared<Pkcs11Module>(functions);
    known = module;
  }
  return module;
}

Pkcs11Module::~Pkcs11Module() {
  if (initialized_) functions_->C_Finalize(nullptr);
}

CK_RV Pkcs11Module::Enter() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !changing_; });
    ++users_;
    if (initialized_) return CKR_OK;
    changing_ = true;
  }
  return Reinitialize(false);
}

void Pkcs11Module::Leave() {
  const std::lock_guard lock(mutex_);
  --users_;
}

uint64_t Pkcs11Module::Use::generation() const {
  const std::lock_guard lock(module_.mutex_);
  return module_.generation_;
}

CK_RV Pkcs11Module::Use::Restart() {
  // Asks for nothing but whether there was a C_Initialize.
  CK_INFO info;
  const bool finalized = module_.functions_->C_GetInfo(&info) == CKR_CRYPTOKI_NOT_INITIALIZED;
  {
    std::unique_lock lock(module_.mutex_);
    if (module_.changing_) {
      module_.changed_.wait(lock, [this] { return !module_.changing_; });
      return CKR_OK;
    }
    if (module_.users_ > 1 && !finalized) return CKR_OK;
    module_.changing_ = true;
  }
  return module_.Reinitialize(!finalized);
}

CK_RV Pkcs11Module::Reinitialize(bool finalize) {
  if (finalize) functions_->C_Finalize(nullptr);
  // Threads of many callers share it; the library locks by what the system offers.
  CK_C_INITIALIZE_ARGS arguments = {};
  arguments.flags = CKF_OS_LOCKING_OK;
  CK_RV rv = functions_->C_Initialize(&arguments);
  if (rv == CKR_CRYPTOKI_ALREADY_INITIALIZED) rv = CKR_OK;
  const std::lock_guard lock(mutex_);
  changing_ = false;
  initialized_ = rv == CKR_OK;
  ++generation_;
  changed_.notify_all();
  return rv;
}

}  // namespace fieldkms
