import ConnectApp
import Glibc
import Sockets

/// How many event loops are worth having: one for each processor, and no more than 16.
func processorCount() -> Int {
    min(max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1), 16)
}

func exitNow() -> Never {
    _exit(ExitStatus.failed.rawValue)
}

extension ListenError {
    func sentence(_ place: ListenAddress, _ setting: String) -> String {
        switch self {
        case .addressInUse:
            "\(place.text) is taken by another program. Stop that one, or choose another port with \(setting)."
        case .permissionDenied:
            "This user may not listen at \(place.text). Choose a port above 1023 with \(setting)."
        case .addressNotAvailable:
            "\(place.text) is no address of this machine: see \(setting)."
        default:
            "Listening at \(place.text) failed: \(self)."
        }
    }
}

extension ListenAddress {
    var text: String {
        switch self {
        case .address(let address): "\(address)"
        case .localhost(let port): "localhost:\(port)"
        }
    }
}

extension StreamSecurity.Version {
    /// What a log and a metric call it.
    var name: String {
        switch self {
        case .tls12: "1.2"
        case .tls13: "1.3"
        }
    }
}

func isTerminal(_ descriptor: Int32) -> Bool {
    isatty(descriptor) == 1
}

/// How wide the terminal at a descriptor is; nil where there is none, or it does not say.
func terminalColumns(_ descriptor: Int32) -> Int? {
    var size = winsize()
    // Sound: the system fills in the structure during the call.
    guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
}
