/// What ties one request's page, log line and error together: 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
///
/// Made by the server for every request; it says nothing about the person and is safe to show.
package struct RequestID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Parameter text: made by ourselves, of the characters above.
    package init(_ text: String) {
        self.text = text
    }

    package var description: String { text }
}
