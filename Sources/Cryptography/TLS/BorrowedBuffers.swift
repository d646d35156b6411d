internal import COpenSSL

/// Where one engine's BIO reads and writes during one call: records that have arrived, and the records it makes.
///
/// OpenSSL's own memory BIOs keep the largest buffer they ever needed. This one owns nothing between two calls.
@unsafe struct BorrowedBuffers {
    /// What has arrived and was not consumed yet. Valid only while `TLSEngine` is inside the call that set it.
    var arrived = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    var made: [UInt8] = []

    /// The kind of BIO whose data is a pointer to `BorrowedBuffers`.
    // Sound: made once, only read afterwards, never freed.
    nonisolated(unsafe) static let method: OpaquePointer = {
        guard let method = unsafe BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "borrowed buffers") else {
            preconditionFailure("OpenSSL makes a table of functions unless memory has run out")
        }
        // Sound for the closures: OpenSSL calls them only inside the engine's calls, with the engine's BIO and a target
        // or source of at least the length that it gives.
        unsafe BIO_meth_set_read_ex(method) { bio, target, limit, count in
            guard let buffers = unsafe BorrowedBuffers.of(bio), let target = unsafe target, let count = unsafe count
            else { return 0 }
            unsafe postern_BIO_clear_retry_flags(bio)
            let taken = unsafe min(limit, buffers.pointee.arrived.count)
            guard taken > 0, let source = unsafe buffers.pointee.arrived.baseAddress else {
                // "Would block": the engine's caller brings more, or gives up.
                unsafe postern_BIO_set_retry_read(bio)
                return 0
            }
            unsafe UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: taken)
            unsafe buffers.pointee.arrived = UnsafeRawBufferPointer(rebasing: buffers.pointee.arrived[taken...])
            unsafe count.pointee = taken
            return 1
        }
        unsafe BIO_meth_set_write_ex(method) { bio, source, length, count in
            guard let buffers = unsafe BorrowedBuffers.of(bio), let count = unsafe count else { return 0 }
            unsafe postern_BIO_clear_retry_flags(bio)
            unsafe buffers.pointee.made.append(contentsOf: UnsafeRawBufferPointer(start: source, count: length))
            unsafe count.pointee = length
            return 1
        }
        unsafe BIO_meth_set_ctrl(method) { _, command, _, _ in
            // Flushing has nothing to do and succeeds; everything else that a BIO may be asked, this one can't.
            command == BIO_CTRL_FLUSH ? 1 : 0
        }
        return unsafe method
    }()

    private static func of(_ bio: OpaquePointer?) -> UnsafeMutablePointer<BorrowedBuffers>? {
        unsafe BIO_get_data(bio)?.assumingMemoryBound(to: BorrowedBuffers.self)
    }
}
