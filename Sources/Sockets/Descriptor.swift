import CLinux
import Glibc

/// The one owner of an open file descriptor, which it closes. Two owners would close somebody else's file.
package struct Descriptor: ~Copyable {
    package let number: Int32

    package init(adopting number: Int32) {
        self.number = number
    }

    /// Gives the descriptor up without closing it: to a closure that cannot capture a non-copyable value.
    package consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }

    deinit {
        _ = close(number)
    }
}

/// A failed system call.
package struct SystemError: Error, Hashable, Sendable {
    /// As in `errno(3)`, positive.
    package let number: Int32

    package init(_ number: Int32) {
        self.number = number
    }

    /// The result of a call of the shim, which is a count or a descriptor, or else -errno.
    static func check(_ result: Int32) throws(SystemError) -> Int32 {
        guard result >= 0 else { throw SystemError(-result) }
        return result
    }
}
