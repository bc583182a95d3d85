#pragma once
// Fd: owns a file descriptor; and errno as a Status.
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <unistd.h>

#include "pkg/base/status.h"

namespace gantry::lab::lxc {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { reset(); }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }
  void reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

// "what: strerror(errno)": NotFound for ENOENT, Permission for EACCES and EPERM, else Remote (the
// machine refused).
inline Status os_error(const std::string& what) {
  const int code = errno;
  const auto text = what + ": " + std::strerror(code);
  if (code == ENOENT) return make_error(ErrorClass::not_found, text);
  if (code == EACCES || code == EPERM) return make_error(ErrorClass::permission, text);
  return make_error(ErrorClass::remote, text);
}

}  // namespace gantry::lab::lxc
