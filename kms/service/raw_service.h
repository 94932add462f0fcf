// RawService: a generated service with methods raw, as Engine::AddUnary takes them.
#ifndef FIELDKMS_KMS_SERVICE_RAW_SERVICE_H_
#define FIELDKMS_KMS_SERVICE_RAW_SERVICE_H_

namespace fieldkms {

namespace internal {

template <class Service, template <class> class... Methods>
struct RawServiceOf {
  using Type = Service;
};
template <class Service, template <class> class First, template <class> class... Others>
struct RawServiceOf<Service, First, Others...> {
  using Type = First<typename RawServiceOf<Service, Others...>::Type>;
};

}  // namespace internal

// `Service`: v1::XService::Service; `Methods`: its WithRawMethod_Y, each of them.
template <class Service, template <class> class... Methods>
using RawService = typename internal::RawServiceOf<Service, Methods...>::Type;

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_RAW_SERVICE_H_
