/** HAProxy passes on the headers that a Connection header names (RFC 9110, 7.6.1); this removes them. */
export const nominatedLua = `local kept = { host = true, ["content-length"] = true, ["content-type"] = true, authorization = true, cookie = true }

local function strip(headers, remove)
  local connection = headers["connection"]
  if not connection then return end
  for index = 0, #connection do
    for name in string.gmatch(string.lower(connection[index]), "[^,%s]+") do
      if not kept[name] and name ~= "upgrade" and name ~= "transfer-encoding" then remove(name) end
    end
  end
end

core.register_action("nominated", { "http-req" }, function(transaction)
  local http = transaction.http
  strip(http:req_get_headers(), function(name) http:req_del_header(name) end)
end)

core.register_action("nominated_back", { "http-res" }, function(transaction)
  local http = transaction.http
  strip(http:res_get_headers(), function(name) http:res_del_header(name) end)
end)
`;
