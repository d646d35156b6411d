internal import COpenSSL
import Glibc

/// Where the system keeps the certificates of authorities.
enum SystemAuthorities {
    /// Whether the directory holds links by the hash of the subject (`5ed36f99.0`), by which OpenSSL finds an authority
    /// without reading the others. `SSL_CERT_DIR` in the environment names another directory.
    static var areHashed: Bool {
        // Sound: both are constants of the library; a variable of the environment is copied before anything can change it.
        let variable = unsafe getenv(String(cString: X509_get_default_cert_dir_env()))
        let path = unsafe variable.map { unsafe String(cString: $0) } ?? String(cString: X509_get_default_cert_dir())
        guard let directory = unsafe opendir(path) else { return false }
        defer { unsafe closedir(directory) }
        // Sound: the entry is only looked at until the next one is read.
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if isHashed(name) { return true }
        }
        return false
    }

    /// Eight hexadecimal digits, a dot and a number.
    static func isHashed(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 2 && parts[0].count == 8 && !parts[1].isEmpty
            && parts[0].allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
            && parts[1].allSatisfy { (48...57).contains($0) }
    }
}
