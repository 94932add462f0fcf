// RequestBeat says in the database that a worker is there, and keeps its requests its own, while
// whatever is done for one of them takes its time.
#ifndef FIELDKMS_ROTATION_REQUEST_BEAT_H_
#define FIELDKMS_ROTATION_REQUEST_BEAT_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "rotation/database.h"

namespace fieldkms::rotation {

class RequestBeat {
 public:
  struct About {
    std::string worker;
    std::string tenant;
    std::string data_source;
    std::vector<std::string> allows;
  };

  // Beats on `database` by a thread of its own, every kRequestBeat. A beat that fails is none: the
  // next one tries again, and connects anew.
  RequestBeat(std::unique_ptr<Database> database, About about);
  // Takes the worker off the list.
  ~RequestBeat();
  RequestBeat(const RequestBeat&) = delete;
  RequestBeat& operator=(const RequestBeat&) = delete;

 private:
  void Run();
  void Beat();

  const std::unique_ptr<Database> database_;
  const About about_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_REQUEST_BEAT_H_
