#pragma once
// Setup: work inside one container, under way, as its steps see it.
#include <functional>
#include <string>
#include <vector>

#include "pkg/guest/setup/guest.h"

namespace gantry::guest {

// Where it stands. No text of it holds a secret.
struct Progress {
  int number = 0;  // of the step, from 1
  int count = 0;
  std::string step;       // "images"
  std::string message;    // "pulling registry.lan/wiki:2.5 (1 of 2)"
  std::string output;     // the last line that the step's command has written
  bool changes = false;   // what `message` says changes something; else it only looks
  bool disturbs = false;  // … that what runs there would notice
  std::string code = {};  // of the failure catalogue, where it mends what was well before
};
using Report = std::function<void(const Progress&)>;

// Which system the container has.
enum class Family { debian, alpine };
struct System {
  Family family = Family::debian;
  std::string name;     // "debian"
  std::string version;  // "13"; empty when it names none
};

// What its steps share. Everything a container answers passes the redaction here.
class Setup {
 public:
  // `secrets`: values that must not be told to anybody.
  Setup(Guest guest, std::vector<std::string> secrets, Report report)
      : guest_(guest), secrets_(std::move(secrets)), report_(std::move(report)) {}

  async::Clock& clock() const { return guest_.clock(); }
  System system;

  void begin(int number, int count, const std::string& step, bool disturbs);
  // What the step looks at, or waits for, …
  void look(const std::string& message) { say(message, false); }
  // … and what it is about to change: worth an event, unless the guest's permit is refused.
  void act(const std::string& message) { say(message, true); }
  // The same, of what had been right and is not: `code` is the catalogue's.
  void mend(const std::string& message, const std::string& code);

  // A short question: 30 s. A non-zero exit code is an answer.
  Async<Result<guest::Exit>> ask(std::vector<std::string> argv);
  // … whose answer is its exit code.
  Async<Result<bool>> is_so(std::vector<std::string> argv);
  // … that must end well: its output.
  Async<Result<std::string>> must(std::vector<std::string> argv);
  // A short command that changes something, and must end well. This, work() and push() need the
  // guest's permit.
  Async<Status> change(std::vector<std::string> argv);
  // Work that is shown line by line. It must end well.
  Async<Status> work(std::vector<std::string> argv, Patience patience);
  Async<Status> push(guest::File file);

 private:
  void say(const std::string& message, bool changes);
  // The guest's permit; a refusal names what is not done.
  Status may_change() const;
  Result<guest::Exit> clean(Result<guest::Exit> exit) const;

  Guest guest_;
  std::vector<std::string> secrets_;
  Report report_;
  Progress progress_;
  std::string deed_;  // what the step is about to change
};

// A file of ours: root's alone.
guest::File small_file(const std::string& path, const std::string& content);

// What we ourselves remember inside the container. All of it is a hint that a probe confirms.
inline constexpr const char* kFolder = "/var/lib/gantry";

}  // namespace gantry::guest
