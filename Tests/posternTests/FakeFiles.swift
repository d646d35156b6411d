import Synchronization

@testable import postern

/// A file system that a test changes by hand: files by path, and links from one path to another.
final class FakeFiles: Sendable {
    private struct File {
        var content: [UInt8]
        var stamp: Int64
    }

    private struct State {
        var files: [String: File] = [:]
        /// What stands in front of other paths: a link.
        var links: [String: String] = [:]
        var unreadable: Set<String> = []
        var clock: Int64 = 0
        var reads = 0
    }

    private let state = Mutex(State())

    /// How many files were read.
    var reads: Int { state.withLock { $0.reads } }

    func write(_ path: String, _ content: [UInt8]) {
        state.withLock { state in
            state.clock += 1
            state.files[path] = File(content: content, stamp: state.clock)
        }
    }

    func remove(_ path: String) {
        state.withLock { $0.files[path] = nil }
    }

    /// Makes `path` lead to `target`, at once, as a rename over a link does.
    func link(_ path: String, to target: String) {
        state.withLock { $0.links[path] = target }
    }

    func makeUnreadable(_ path: String, _ isUnreadable: Bool = true) {
        state.withLock { state in
            if isUnreadable { state.unreadable.insert(path) } else { state.unreadable.remove(path) }
        }
    }

    var view: FileView {
        FileView(
            names: { folder in self.state.withLock { Self.names(in: folder, $0) } },
            stamp: { path in
                self.state.withLock { state in
                    let path = Self.resolve(path, state)
                    if let file = state.files[path] {
                        return FileView.Stamp(
                            device: 1,
                            inode: UInt64(file.stamp),
                            sizeBytes: Int64(file.content.count),
                            modified: [file.stamp],
                            isFolder: false
                        )
                    }
                    guard state.files.keys.contains(where: { $0.hasPrefix(path + "/") }) else { return nil }
                    return FileView.Stamp(device: 1, inode: 0, sizeBytes: 0, modified: [], isFolder: true)
                }
            },
            content: { path in
                self.state.withLock { state in
                    state.reads += 1
                    let path = Self.resolve(path, state)
                    return state.unreadable.contains(path) ? nil : state.files[path]?.content
                }
            }
        )
    }

    private static func resolve(_ path: String, _ state: State) -> String {
        var path = path
        for _ in 0..<8 {
            guard let link = state.links.keys.first(where: { path == $0 || path.hasPrefix($0 + "/") }) else { break }
            path = (state.links[link] ?? "") + path.dropFirst(link.count)
        }
        return path
    }

    private static func names(in folder: String, _ state: State) -> [String]? {
        let folder = resolve(folder, state)
        guard !state.unreadable.contains(folder) else { return nil }
        let below = (Array(state.files.keys) + state.links.keys).filter { $0.hasPrefix(folder + "/") }
        guard !below.isEmpty else { return nil }
        let names = below.compactMap { $0.dropFirst(folder.count + 1).split(separator: "/").first.map(String.init) }
        return Array(Set(names)) + [".", ".."]
    }
}
