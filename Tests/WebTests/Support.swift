import HTTPSemantics
import HTTPTypes
import Timekeeping
import Web

let publicURL = HTTPOrigin(scheme: .https, host: "connect.acme.example")
let headers = SecurityHeaders(publicURL: publicURL)
let errors = ErrorPages(headers: headers)

func request(
    _ method: HTTPRequest.Method = .get,
    _ path: String = "/",
    query: String? = nil,
    host: String? = "connect.acme.example",
    fields: HTTPFields = [:]
) -> Request {
    Request(
        id: RequestID("q7K2-ref"),
        head: HTTPRequest(method: method, scheme: "https", authority: host, path: path, headerFields: fields),
        target: RequestTarget(path: path, query: query),
        receivedAt: Timestamp(secondsSince1970: 1_787_302_200)
    )
}

extension Response {
    var text: String { String(decoding: content, as: UTF8.self) }

    subscript(name: HTTPField.Name) -> String? { head.headerFields[name] }
}
