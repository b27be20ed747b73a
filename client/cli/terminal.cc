// SPDX-License-Identifier: Apache-2.0
#include "client/cli/terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace weir::cli {
namespace {

constexpr std::array<int, 6> kSignals = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGTSTP, SIGPIPE};

volatile sig_atomic_t caught = 0;

void note(int signal) { caught = signal; }

// While it lives, signals are noted instead of acted upon, and interrupt a read.
class NotedSignals {
 public:
  NotedSignals() {
    caught = 0;
    struct sigaction action = {};
    action.sa_handler = note;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &before_[i]);
  }
  ~NotedSignals() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      sigaction(kSignals[i], &before_[i], nullptr);
    }
  }
  NotedSignals(const NotedSignals&) = delete;
  NotedSignals& operator=(const NotedSignals&) = delete;

 private:
  std::array<struct sigaction, kSignals.size()> before_;
};

class SilentTerminal {
 public:
  explicit SilentTerminal(int terminal) : terminal_(terminal) {
    is_changed_ = tcgetattr(terminal_, &before_) == 0;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    // What was typed before the question is thrown away.
    if (is_changed_) is_changed_ = tcsetattr(terminal_, TCSAFLUSH, &silent) == 0;
  }
  ~SilentTerminal() {
    if (is_changed_) tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

  bool is_silent() const { return is_changed_; }

 private:
  const int terminal_;
  termios before_ = {};
  bool is_changed_ = false;
};

bool write_all(int file, const std::string& text) {
  return write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// False if a signal or the end of the input came before the end of the line.
bool read_line(int file, std::string& line) {
  char c = 0;
  while (caught == 0) {
    const ssize_t count = read(file, &c, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    if (c == '\n') return true;
    line += c;
  }
  return false;
}

// Once. Sets `line` if one was read.
absl::Status ask_once(int terminal, const std::string& prompt, std::string& line, bool& is_read) {
  const NotedSignals signals;
  const SilentTerminal silent(terminal);
  if (!silent.is_silent() || !write_all(terminal, prompt)) {
    return absl::FailedPreconditionError("the terminal cannot hide a password");
  }
  is_read = read_line(terminal, line);
  write_all(terminal, "\n");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ask_without_echo(const std::string& prompt) {
  const int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) {
    return absl::FailedPreconditionError(
        "there is no terminal to ask for the password: use --password-stdin or --password-file");
  }
  std::string line;
  bool is_read = false;
  absl::Status status;
  do {
    line.clear();
    status = ask_once(terminal, prompt, line, is_read);
    // The terminal is itself again: now the signal may do what it does. A stopped program goes on
    // from here, and asks again.
    if (caught != 0) raise(caught);
  } while (status.ok() && caught != 0);
  close(terminal);
  if (!status.ok()) return status;
  if (!is_read) return absl::InvalidArgumentError("no password was typed");
  return line;
}

}  // namespace weir::cli
