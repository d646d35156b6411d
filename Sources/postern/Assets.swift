import Glibc
import Web

/// Finds and reads `Public/`: beside the program, where an installation puts it, or above a build folder.
enum Assets {
    static func load(_ headers: SecurityHeaders) throws(CommandFailure) -> StaticFiles {
        let candidates = candidates()
        for directory in candidates where unsafe access(directory + "/postern.css", R_OK) == 0 {
            do throws(StaticFilesError) {
                return try StaticFiles(directory: directory, headers: headers)
            } catch {
                throw CommandFailure(message: "The pages' files in \(directory) cannot be read: \(error)")
            }
        }
        throw CommandFailure(
            message: "The pages' files are missing. They belong into one of: \(candidates.joined(separator: ", "))"
        )
    }

    private static func candidates() -> [String] {
        var buffer = [CChar](repeating: 0, count: 4096)
        // Sound: the buffer lives across the call and one byte is left for the end.
        let length = unsafe readlink("/proc/self/exe", &buffer, buffer.count - 1)
        var folder =
            length > 0 ? String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self) : ""
        func goUp() { folder = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? "" }
        goUp()
        var candidates = [folder + "/Public", folder + "/../share/postern/Public"]
        // A build folder: .build/<platform>/<configuration>/postern.
        for _ in 0..<4 {
            goUp()
            if !folder.isEmpty { candidates.append(folder + "/Public") }
        }
        candidates.append("Public")
        return candidates
    }
}
