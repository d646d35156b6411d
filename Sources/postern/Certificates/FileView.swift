import Glibc

/// The file system as far as certificates need it; a dictionary in tests.
struct FileView: Sendable {
    /// What changes whenever a file is written, replaced, or another one is put behind a link on the way to it.
    struct Stamp: Hashable, Sendable {
        var device: UInt64
        var inode: UInt64
        var sizeBytes: Int64
        /// Seconds and nanoseconds of the last change to the content, and of the last change to anything.
        var modified: [Int64]
        var isFolder: Bool
    }

    /// The names in a folder, in no order; nil if it cannot be read.
    var names: @Sendable (_ folder: String) -> [String]?
    /// Of what is at the end of all links; nil if there is nothing.
    var stamp: @Sendable (_ path: String) -> Stamp?
    /// The whole content; nil if it cannot be read.
    var content: @Sendable (_ path: String) -> [UInt8]?

    static let system = FileView(names: names(in:), stamp: stamp(of:), content: Files.read)

    @Sendable
    private static func names(in folder: String) -> [String]? {
        guard let stream = unsafe opendir(folder) else { return nil }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        // Sound: an entry lives until the next is read, and its name is a terminated string.
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            names.append(name)
        }
        return names
    }

    @Sendable
    private static func stamp(of path: String) -> Stamp? {
        var status = stat()
        // Sound: the system writes one value, into a variable that lives across the call.
        guard unsafe stat(path, &status) == 0 else { return nil }
        return Stamp(
            device: UInt64(status.st_dev),
            inode: UInt64(status.st_ino),
            sizeBytes: Int64(status.st_size),
            modified: [
                Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec), Int64(status.st_ctim.tv_sec),
                Int64(status.st_ctim.tv_nsec),
            ],
            isFolder: status.st_mode & S_IFMT == S_IFDIR
        )
    }
}
